/** Files for the time of one function. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes a folder with these files, hands its path over, and removes it afterwards. */
export const withFolder = async <A>(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (folder: string) => Promise<A>,
): Promise<A> => {
  const folder = await mkdtemp(join(tmpdir(), "plausch-"));
  try {
    for (const [name, data] of Object.entries(files)) await writeFile(join(folder, name), data);
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};
