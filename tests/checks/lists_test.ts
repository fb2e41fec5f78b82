import { assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url);

/** The test files below a folder, by their paths from the root. */
const testsBelow = (folder: string): ReadonlyArray<string> =>
  [...Deno.readDirSync(new URL(folder, root))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return testsBelow(`${folder}${name}/`);
    return name.endsWith("_test.ts") ? [`${folder}${name}`] : [];
  });

/** What a list imports. */
const listed = (name: string): ReadonlyArray<string> => {
  const list = new URL(`tests/all_${name}.ts`, root);
  const imports = Deno.readTextFileSync(list).matchAll(/^import "(.*)";$/gm);
  return [...imports].map(([, path]) => new URL(path!, list).href.slice(root.href.length));
};

/** These have tasks of their own. */
const apart = ["tests/peers/", "tests/build/"];

Deno.test("every test is in one of the lists, once", () => {
  const all = [...testsBelow("tests/"), ...testsBelow("bench/")];
  const expected = all.filter((path) => !apart.some((folder) => path.startsWith(folder)));
  assertEquals(["pure", "loopback", "cli"].flatMap(listed).toSorted(), expected.toSorted());
});
