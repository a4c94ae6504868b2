// How files and folders are called, and how each file begins.

const kebab = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const kinds = new Set(["machine", "actor", "test", "bench", "browser", "contract", "config", "d", "module"]);
/** Words that say nothing of the domain. */
const emptyWords = new Set(["util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "index"]);

/** What is wrong with the name of a source file or one of its folders, in words. */
export function nameViolations(path: string): readonly string[] {
  const folders = path.split("/");
  const file = folders.pop() ?? "";
  const [stem = "", ...suffixes] = file.split(".");
  suffixes.pop();
  const problems: string[] = [];
  if (!kebab.test(stem) || suffixes.some((suffix) => !kinds.has(suffix))) problems.push("its name is not kebab-case");
  for (const folder of folders) {
    if (!kebab.test(folder)) problems.push(`the folder ${folder} is not kebab-case`);
  }
  for (const name of [...folders, stem]) {
    for (const word of name === stem ? [name, ...name.split("-")] : [name]) {
      if (emptyWords.has(word)) problems.push(`"${word}" names no thing of the domain`);
    }
  }
  return [...new Set(problems)].map((problem) => `${path}: ${problem}`);
}

/** Whether a file begins with a comment that says in a sentence what it is for. */
export function openingViolations(path: string, text: string): readonly string[] {
  const lines = text.split("\n");
  if (lines[0]?.startsWith("#!")) lines.shift();
  const comment: string[] = [];
  for (const line of lines) {
    if (!line.startsWith("//")) break;
    comment.push(line.slice(2).trim());
  }
  const sentence = comment.join(" ");
  return /^\S+( \S+){2,}[.)]$/.test(sentence) ? [] : [`${path}: does not begin with a comment of one sentence`];
}
