import {spawnSync} from "node:child_process";
import {copyFileSync, mkdirSync, readFileSync, rmSync} from "node:fs";
import {join} from "node:path";

function contents(file) {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return null;
    }
}

/// Installs what package.json names into FOLDER/node_modules, unless that has been done.
export function install(packageFile, folder) {
    const stamp = join(folder, "installed.json");
    if (contents(stamp) === readFileSync(packageFile, "utf8")) return;
    rmSync(folder, {recursive: true, force: true});
    mkdirSync(folder, {recursive: true});
    copyFileSync(packageFile, join(folder, "package.json"));
    // The shell: on Windows npm is a command file.
    const npm = spawnSync("npm install --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error",
        {cwd: folder, shell: true, stdio: ["ignore", "ignore", "inherit"]});
    if (npm.status !== 0) throw new Error("npm could not install the packages");
    copyFileSync(packageFile, stamp);
}
