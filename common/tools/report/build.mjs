// Builds build/report/template.html: the report page of `compare` with its scripts, styles and charts within, waiting for
// the results. compare puts them in place of the word RESULTS.
import {mkdirSync, readFileSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";

import {install} from "./install.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, "..", "..", "..", "build", "report");
const packages = join(folder, "packages");

async function bundle(file) {
    const esbuild = createRequire(join(packages, "package.json"))("esbuild");
    const built = await esbuild.build({
        entryPoints: [join(here, "page", file)],
        nodePaths: [join(packages, "node_modules")],
        bundle: true,
        minify: true,
        write: false,
        format: "iife",
        target: "es2020",
        charset: "utf8",
        legalComments: "inline",
        logLevel: "warning",
    });
    return built.outputFiles[0].text;
}

try {
    install(join(here, "package.json"), packages);
    const parts = {STYLE: await bundle("page.css"), SCRIPT: await bundle("main.js")};
    const page = readFileSync(join(here, "page", "page.html"), "utf8")
        .replace(/\/\*(STYLE|SCRIPT)\*\//g, (_, name) => parts[name]);
    mkdirSync(folder, {recursive: true});
    writeFileSync(join(folder, "template.html"), page);
} catch (error) {
    console.error(`report: ${error.message}`);
    process.exitCode = 1;
}
