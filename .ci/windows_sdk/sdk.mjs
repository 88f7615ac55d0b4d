#!/usr/bin/env node
// Compiles every C++ file that Windows builds in MSVC's dialect against the headers of the real Windows SDK, with the options
// of the preset windows-clang-cl and every warning an error. What it cannot show: MSVC's own library (LLVM's stands in for
// it), cl.exe's own warnings, linking, and how Windows behaves.
//
// Usage: sdk.mjs              all files
//        sdk.mjs FILE...      these only, such as common/error.cpp
//        sdk.mjs --fetch      only brings the SDK: build/windows-sdk/{include,lib}
import {execFile, execFileSync, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const sdk = path.join(root, 'build/windows-sdk');
const packages = path.join(here, 'packages.csproj');
const llvm = '/usr/lib/llvm-19';

function fail(...lines) {
    console.error(lines.join('\n'));
    process.exit(1);
}

function run(program, ...args) {
    const {status, error, stdout, stderr} = spawnSync(program, args, {cwd: root, encoding: 'utf8'});
    if (error || status !== 0) fail(`${program} ${args.join(' ')}: ${error ?? 'failed'}`, stdout ?? '', stderr ?? '');
}

function entries(folder) {
    return fs.readdirSync(folder, {withFileTypes: true}).map((entry) => {
        const name = path.join(folder, entry.name);
        return entry.isDirectory() ? {name: entry.name, type: 'directory', contents: entries(name)}
                                   : {name: entry.name, type: 'file', 'external-contents': name};
    });
}

// The parts that are needed: a tenth of what the packages bring.
function fetchSdk() {
    const stamp = path.join(sdk, 'packages.csproj');
    const wanted = fs.readFileSync(packages, 'utf8');
    if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return;
    if (spawnSync('dotnet', ['--version']).error)
        fail('The Windows SDK comes as a NuGet package, and `dotnet`, which fetches it, is not installed.',
             'Install the .NET SDK 8.0 or later (package dotnet-sdk-8.0 of Ubuntu, or of Microsoft\'s packages for Debian).');
    console.log('fetching the Windows SDK (about a minute, once) ...');
    fs.rmSync(sdk, {recursive: true, force: true});
    fs.mkdirSync(path.join(sdk, 'restore'), {recursive: true});
    const project = path.join(sdk, 'restore/packages.csproj');  // restoring leaves files beside the project
    fs.copyFileSync(packages, project);
    run('dotnet', 'restore', project, '--packages', path.join(sdk, 'restore/packages'));
    const content = (name) => {
        const folder = path.join(sdk, 'restore/packages', name);
        return path.join(folder, fs.readdirSync(folder)[0], 'c');
    };
    const headers = path.join(content('microsoft.windows.sdk.cpp'), 'Include');
    fs.mkdirSync(path.join(sdk, 'include'));
    for (const part of ['ucrt', 'um', 'shared'])
        fs.renameSync(path.join(headers, fs.readdirSync(headers)[0], part), path.join(sdk, 'include', part));
    fs.renameSync(path.join(content('microsoft.windows.sdk.cpp.x64'), 'um/x64'), path.join(sdk, 'lib'));
    fs.rmSync(path.join(sdk, 'restore'), {recursive: true});
    fs.writeFileSync(stamp, wanted);
}

// How Clang finds the headers, under whatever capitals they are asked for. LLVM's C++ library stands in for MSVC's, and
// stand_ins for the few headers of the compiler's runtime, which the SDK has not.
function writeFlags() {
    const folders = ['ucrt', 'um', 'shared'].map((part) => path.join(sdk, 'include', part));
    const overlay = path.join(sdk, 'overlay.json');
    const roots = folders.map((name) => ({name, type: 'directory', contents: entries(name)}));
    fs.writeFileSync(overlay, JSON.stringify({version: 0, 'case-sensitive': 'false', roots}));
    const include = [path.join(here, 'stand_ins'), `${llvm}/include/c++/v1`, `${llvm}/lib/clang/19/include`, ...folders];
    const flags = [
        '--target=x86_64-pc-windows-msvc', '-fmsc-version=1944', '-nobuiltininc', '/X',
        '-Xclang', '-ivfsoverlay', '-Xclang', overlay, ...include.flatMap((folder) => ['-imsvc', folder]),
        '-D_LIBCPP_NO_VCRUNTIME',
        // Close to what cl.exe says at /W4 and clang-cl does not.
        '-Wconversion', '-Wsign-conversion', '-Wshadow', '-Wold-style-cast', '-Wnon-virtual-dtor', '-Wundef',
    ];
    fs.writeFileSync(path.join(sdk, 'flags.rsp'), flags.map((flag) => `"${flag}"`).join(' '));  // one line: -Xclang ends with it
}

// The commands that CMake would build with, by file.
function commands() {
    const build = path.join(sdk, 'cmake');
    const preset = JSON.parse(fs.readFileSync(path.join(root, 'CMakePresets.json'))).configurePresets
        .find(({name}) => name === 'windows-clang-cl').cacheVariables;
    const defines = Object.entries(preset).filter(([name]) => !name.endsWith('_COMPILER')).map(([k, v]) => `-D${k}=${v}`);
    fs.rmSync(build, {recursive: true, force: true});
    run('cmake', '-S', root, '-B', build, '-G', 'Ninja', '--toolchain', path.join(here, 'toolchain.cmake'),
        '-D', 'CMAKE_BUILD_TYPE=Release', '-D', 'COURSE_WERROR=ON', ...defines);
    const found = new Map();
    for (const {file, command} of JSON.parse(fs.readFileSync(path.join(build, 'compile_commands.json'))))
        found.set(path.relative(root, file), command.replace(/ \/Fo\S+ \/Fd\S+ -c -- /, ' /Zs -- '));
    return found;
}

function compile(command) {
    return new Promise((done) => execFile('/bin/sh', ['-c', command], {maxBuffer: 1 << 26},
                                          (error, stdout, stderr) => done(error ? stdout + stderr : '')));
}

async function check(files, all) {
    const missing = files.filter((file) => !all.has(file));
    if (missing.length > 0) fail('Windows does not build these:', ...missing);
    const left = [...files];
    let failures = 0;
    const worker = async () => {
        for (let file; (file = left.shift()) !== undefined;) {
            const output = await compile(all.get(file));
            if (output === '') continue;
            ++failures;
            console.log(`--- ${file}\n${output}`);
        }
    };
    await Promise.all(os.cpus().map(worker));
    console.log(`${files.length} files, ${failures} of them do not compile against the Windows SDK`);
    return failures;
}

fetchSdk();
writeFlags();
const args = process.argv.slice(2);
if (args[0] !== '--fetch') {
    const tracked = () => execFileSync('git', ['ls-files', '*.cpp', ':!*_posix.cpp'], {cwd: root, encoding: 'utf8'}).trim();
    const files = args.length > 0 ? args : tracked().split('\n');
    process.exitCode = await check(files, commands()) === 0 ? 0 : 1;
}
