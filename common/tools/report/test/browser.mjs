import {createRequire} from "node:module";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";

import {install} from "../install.mjs";

const here = dirname(fileURLToPath(import.meta.url));
export const build = join(here, "..", "..", "..", "..", "build");
export const report = join(build, "compare", "report.html");

export function launch() {
    const packages = join(build, "report", "test-packages");
    install(join(here, "package.json"), packages);
    const {chromium} = createRequire(join(packages, "package.json"))("playwright-core");
    return chromium.launch({
        executablePath: "/usr/bin/chromium",
        args: ["--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
}
