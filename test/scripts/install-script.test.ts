// install.sh into the folder of another system: what it lays where, that it keeps settings, upgrades, and takes all of it away.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { projectRoot } from "../tidy/project-files.ts";

const image = join(projectRoot, "hardware/image");
let folder = "";
let root = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-install-"));
  root = join(folder, "root");
  mkdirSync(join(root, "etc/polkit-1"), { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An unpacked archive with programs that do nothing. */
function archive(version: string): string {
  const path = join(folder, `postern-gateway-${version}-arm64`);
  for (const each of ["bin", "lib", "share"]) mkdirSync(join(path, each), { recursive: true });
  cpSync(image, path, { recursive: true });
  writeFileSync(join(path, "VERSION"), `${version}\n`);
  writeFileSync(join(path, "bin/node"), "#!/bin/sh\n");
  chmodSync(join(path, "bin/node"), 0o755);
  writeFileSync(join(path, "lib/postern-gateway.mjs"), `// ${version}\n`);
  for (const name of ["postern.1", "postern.bash", "postern.zsh", "postern.fish"]) {
    writeFileSync(join(path, "share", name), `${name}\n`);
  }
  return path;
}

function install(version: string, ...args: readonly string[]): string {
  const path = archive(version);
  return execFileSync("sh", [join(path, "install.sh"), "--root", root, ...args], { encoding: "utf8" });
}

function fails(...args: readonly string[]): string {
  try {
    execFileSync("sh", args, { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    return String((error as { stderr: string }).stderr);
  }
  throw new Error("It did not fail");
}

const read = (path: string): string => readFileSync(join(root, path), "utf8");

describe.skipIf(process.platform !== "linux")("install.sh", () => {
  test("lays program, command, settings, service and rules where a system looks for them", () => {
    const said = install("1.0.0");
    expect(readlinkSync(join(root, "opt/postern-gateway/current"))).toBe("releases/1.0.0");
    expect(read("opt/postern-gateway/current/lib/postern-gateway.mjs")).toBe("// 1.0.0\n");
    expect(statSync(join(root, "usr/local/bin/postern")).mode & 0o777).toBe(0o755);
    expect(read("usr/local/bin/postern")).toContain("/opt/postern-gateway/current/lib/postern-gateway.mjs");
    expect(statSync(join(root, "etc/postern/gateway.toml")).mode & 0o777).toBe(0o640);
    expect(read("etc/systemd/system/postern-gateway.service")).toContain("Type=notify");
    expect(existsSync(join(root, "etc/systemd/system/postern-gateway.service.d"))).toBe(false);
    expect(read("etc/udev/rules.d/60-postern-gateway.rules")).toContain("watchdog");
    expect(read("etc/polkit-1/rules.d/50-postern-gateway.rules")).toContain("reboot");
    expect(read("usr/local/share/man/man1/postern.1")).toBe("postern.1\n");
    expect(read("usr/lib/sysusers.d/postern-gateway.conf")).toContain("u postern -");
    expect(said).toContain("next: write the address of your cloud into /etc/postern/gateway.toml");
  });

  test("the paths in the service are those that it lays", () => {
    install("1.0.0");
    const [, node, bundle, settings] =
      /ExecStart=(\S+) .*?(\S+\.mjs) gateway run --config (\S+)/.exec(
        read("etc/systemd/system/postern-gateway.service"),
      ) ?? [];
    for (const path of [node, bundle, settings]) expect(existsSync(join(root, path ?? "nowhere")), path).toBe(true);
  });

  test("an upgrade keeps the settings and the version before it, and no older one", () => {
    install("1.0.0");
    writeFileSync(join(root, "etc/postern/gateway.toml"), '# mine\n[uplinks]\nprefer = ["eth0"]\n');
    install("1.1.0");
    const said = install("1.2.0");
    expect(said).toContain("installing Postern gateway 1.2.0 (now: 1.1.0)");
    expect(read("etc/postern/gateway.toml")).toContain("# mine");
    expect(readlinkSync(join(root, "opt/postern-gateway/current"))).toBe("releases/1.2.0");
    expect(readlinkSync(join(root, "opt/postern-gateway/previous"))).toBe("releases/1.1.0");
    expect(readdirSync(join(root, "opt/postern-gateway/releases"))).toEqual(["1.1.0", "1.2.0"]);
    expect(read("etc/systemd/system/postern-gateway.service.d/uplinks.conf")).toContain("CAP_NET_ADMIN");
  });

  test("what an interrupted run has left is replaced", () => {
    const half = join(root, "opt/postern-gateway/releases/1.0.0.new");
    mkdirSync(half, { recursive: true });
    writeFileSync(join(half, "half"), "");
    install("1.0.0");
    expect(readdirSync(join(root, "opt/postern-gateway/releases"))).toEqual(["1.0.0"]);
  });

  test("uninstalling leaves settings and state, and --purge takes them too", () => {
    install("1.0.0");
    const state = join(root, "var/lib/postern");
    mkdirSync(state, { recursive: true });
    install("1.0.0", "--uninstall");
    for (const gone of ["opt/postern-gateway", "usr/local/bin/postern", "etc/systemd/system/postern-gateway.service"]) {
      expect(existsSync(join(root, gone)), gone).toBe(false);
    }
    expect(existsSync(join(root, "etc/postern/gateway.toml"))).toBe(true);
    install("1.0.0", "--uninstall", "--purge");
    expect(existsSync(join(root, "etc/postern")) || existsSync(state)).toBe(false);
  });

  test("says what is wrong before it changes anything", () => {
    const path = archive("1.0.0");
    rmSync(join(path, "lib/postern-gateway.mjs"));
    expect(fails(join(path, "install.sh"), "--root", root)).toContain("lib/postern-gateway.mjs is missing");
    expect(fails(join(path, "install.sh"), "--root", join(folder, "nowhere"))).toContain("there is no folder");
    expect(fails(join(path, "install.sh"), "--rot", root)).toContain("--rot is not known");
    expect(existsSync(join(root, "opt"))).toBe(false);
  });

  test("refuses a machine of another kind in plain words", () => {
    if (process.arch === "arm64") return;
    const path = archive("1.0.0");
    expect(fails(join(path, "install.sh"), "--no-start")).toMatch(/this archive is for 64-bit ARM|this needs root/);
  });
});
