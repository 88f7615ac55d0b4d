// Takes the pictures that the READMEs and notes show, from the report that the last `course compare` wrote:
//   ./course compare && node common/tools/report/test/pictures.mjs
import {mkdirSync} from "node:fs";
import {join} from "node:path";
import {pathToFileURL} from "node:url";

import {build, launch, report} from "./browser.mjs";

const timelinesOf = ["01_blocking", "02_select", "05_overlapped_callback", "06_iocp"];

const browser = await launch();
for (const [language, locale] of [["en", "en-US"], ["ko", "ko-KR"]]) {
    const figures = join(build, "..", "notes", language, "figures");
    mkdirSync(figures, {recursive: true});
    const page = await (await browser.newContext({locale, viewport: {width: 1280, height: 900}})).newPage();
    await page.goto(pathToFileURL(report).href);
    await page.waitForFunction(() => window.report?.charts.size > 0);
    await page.screenshot({path: join(figures, "report.png")});
    const shown = await page.evaluate((wanted) => {
        const section = document.querySelector("#timeline-0").closest("section");
        for (const other of section.querySelectorAll("h2, .help, .scroll, details")) other.remove();
        for (const figure of section.querySelectorAll("figure"))
            if (!wanted.includes(figure.querySelector("h3, figcaption").innerText.trim())) figure.remove();
        return section.querySelectorAll("figure").length;
    }, timelinesOf);
    if (shown !== timelinesOf.length) throw new Error(`${shown} timelines in place of ${timelinesOf.length}`);
    await page.locator("section", {has: page.locator("#timeline-0")}).screenshot(
        {path: join(figures, "timelines.png")});
}
await browser.close();
