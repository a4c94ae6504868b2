// The canary search must itself be able to find: each form, at each alignment, inside other bytes.
import { expect, test } from "vitest";
import { canaryForms, findCanary } from "./canary.ts";

const secret = "pa55-Wörd/+?key";

test.each(canaryForms(secret).map(({ form, bytes }) => [form, bytes] as const))(
  "finds a secret written as %s",
  (form, bytes) => {
    const contents = Buffer.concat([Buffer.from("before "), bytes, Buffer.from(" after")]);
    expect(findCanary("sample", contents, secret).map((hit) => hit.form)).toContain(form);
  },
);

test.each([0, 1, 2])("finds a secret inside a longer base64 text, %i bytes after a border", (offset) => {
  const contents = Buffer.concat([Buffer.alloc(offset, "x"), Buffer.from(secret), Buffer.from("tail")]).toString(
    "base64",
  );
  expect(findCanary("sample", contents, secret)).not.toEqual([]);
});

test("finds nothing where nothing is", () => {
  expect(findCanary("sample", "pa55-Word and other harmless words", secret)).toEqual([]);
});
