# What the workflows do with one preset on Windows, and what you can do before a push:
#   pwsh .ci/windows.ps1 windows-debug
# Enters Visual Studio's developer shell, then configures, builds and tests with warnings as errors.
param(
    [Parameter(Mandatory)] [string] $Preset,
    [string] $Folder = (Split-Path $PSScriptRoot),  # the whole course, or one chapter
    [ValidateSet('amd64', 'arm64')] [string] $Arch = 'amd64',
    [switch] $BuildOnly
)
$ErrorActionPreference = 'Stop'

function Invoke-Step {
    Write-Host "> $args"
    $command, $rest = $args
    & $command @rest
    if ($LASTEXITCODE -ne 0) { throw "$command failed with exit code $LASTEXITCODE" }
}

if (-not $env:VSCMD_VER) {
    $vswhere = "${env:ProgramFiles(x86)}\Microsoft Visual Studio\Installer\vswhere.exe"
    $visualStudio = & $vswhere -latest -products * -property installationPath
    $machine = [System.Runtime.InteropServices.RuntimeInformation]::OSArchitecture
    $hostArch = if ($machine -eq 'Arm64') { 'arm64' } else { 'amd64' }
    # Not Launch-VsDevShell.ps1: in older versions it takes no arm64 as the host.
    Import-Module "$visualStudio\Common7\Tools\Microsoft.VisualStudio.DevShell.dll"
    Enter-VsDevShell -VsInstallPath $visualStudio -SkipAutomaticLocation -DevCmdArguments "-arch=$Arch -host_arch=$hostArch -no_logo"
}
Push-Location $Folder
try {
    Invoke-Step cmake --preset $Preset -D COURSE_WERROR=ON
    Invoke-Step cmake --build --preset $Preset
    if (-not $BuildOnly) {
        Invoke-Step ctest --preset $Preset --parallel $env:NUMBER_OF_PROCESSORS --output-junit "$Folder/build/$Preset/tests.xml"
    }
} finally {
    Pop-Location
}
