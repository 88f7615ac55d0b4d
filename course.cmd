@echo off
rem Does the daily work on Windows; `course help` lists the verbs. Needs Visual Studio 2022 (17.5) or later with the
rem workload "Desktop development with C++", whose CMake and Ninja it uses. It only calls the CMake presets and the
rem programs they build; the bash script `course` does the same on Linux.
setlocal EnableExtensions DisableDelayedExpansion

set "root=%~dp0"
set "root=%root:~0,-1%"
set "build=%root%\build\windows"
set "verb=%~1"
set "name=%~2"
rem Whole and without quotes of ours: the words may be quoted, and %1 %2 ... would be split at "=".
set args=%*

rem Ninja finds the headers of a file in what cl.exe says of them: always in English, whatever Visual Studio's language is.
set "VSLANG=1033"

rem Any letter may be in a path. The console gets its own code page back at the end.
for /f "tokens=2 delims=:." %%c in ('chcp') do set "code_page=%%c"
chcp 65001 >nul
call :dispatch
set "status=%errorlevel%"
if defined code_page chcp %code_page% >nul
exit /b %status%

:dispatch
if not defined verb goto help
if /i "%verb%"=="help" goto help
if /i "%verb%"=="--help" goto help
if /i "%verb%"=="-h" goto help
if /i "%verb%"=="build" goto build
if /i "%verb%"=="test" goto test
if /i "%verb%"=="run" goto run
if /i "%verb%"=="trace" goto trace
if /i "%verb%"=="client" goto client
if /i "%verb%"=="grade" goto grade
if /i "%verb%"=="compare" goto compare
if /i "%verb%"=="claims" goto claims
if /i "%verb%"=="notes" goto notes
call :usage 1>&2
echo course: unknown verb: %verb% 1>&2
exit /b 2

:help
call :usage
exit /b 0

:build
call :make
if errorlevel 1 exit /b 1
echo built: build\windows
exit /b 0

rem %args:*test=% is what follows the first "test".
:test
set rest=%args:*test=%
if /i not "%name%"=="--quick" goto test_all
set rest=-C quick -L "^(quick|claims)$" %rest:*--quick=%
:test_all
call :make
if errorlevel 1 exit /b 1
if exist "%build%\tests.xml" del "%build%\tests.xml"
ctest --test-dir "%build%" --parallel %NUMBER_OF_PROCESSORS% --output-on-failure --no-tests=error --output-junit "%build%\tests.xml" %rest%
set "test_status=%errorlevel%"
if exist "%build%\tests.xml" cmake -D "REPORT=%build%\tests.xml" -P "%root%\common\cmake\test_summary.cmake"
exit /b %test_status%

:run
if not defined name goto run_needs_a_name
set rest=%args:*run=%
call :make_program
if errorlevel 1 exit /b 1
"%build%\bin\%name%.exe" %rest%
exit /b %errorlevel%

:run_needs_a_name
echo course: %verb% needs a name, such as: course %verb% 06_iocp --port 9000 1>&2
exit /b 2

:trace
if not defined name goto run_needs_a_name
set rest=%args:*trace=%
call :make_program
if errorlevel 1 exit /b 1
set "trace_file=%root%\build\trace\%name%.json"
if not exist "%root%\build\trace" mkdir "%root%\build\trace"
echo Talk to it (course client), then stop it with Ctrl+C: it writes %trace_file%
echo To look at that, open it at https://ui.perfetto.dev or in chrome://tracing
"%build%\bin\%name%.exe" --trace "%trace_file%" %rest%
exit /b %errorlevel%

rem Builds the program that %name% stands for, and takes the name from %rest%. "06" is enough.
:make_program
call set rest=%%rest:*%name%=%%
if not exist "%root%\%name%\main.cpp" for /d %%d in ("%root%\%name%*") do if exist "%%d\main.cpp" set "name=%%~nxd"
call :make --target %name%
exit /b %errorlevel%

:client
set rest=%args:*client=%
call :make --target echo_client
if errorlevel 1 exit /b 1
"%build%\bin\echo_client.exe" %rest%
exit /b %errorlevel%

:grade
if not defined name goto grade_needs_a_server
set rest=%args:*grade=%
set "language=en"
set "locale=%LANG%"
if defined LC_ALL set "locale=%LC_ALL%"
if defined locale if /i "%locale:~0,2%"=="ko" set "language=ko"
set "option=--server"
if "%name%"=="--help" set "option="
if defined option if "%name:~0,1%"=="-" goto grade_needs_a_server
call :make --target grade
if errorlevel 1 exit /b 1
"%build%\bin\grade.exe" --explain %language% %option% %rest%
exit /b %errorlevel%

:grade_needs_a_server
echo course: grade needs a server before its options, such as: course grade my_echo.exe --lang ko 1>&2
exit /b 2

:compare
set rest=%args:*compare=%
call :make
if errorlevel 1 exit /b 1
call :make_report_page
"%build%\bin\compare.exe" --servers-dir "%build%\bin" %rest%
exit /b %errorlevel%

:claims
call :make
if errorlevel 1 exit /b 1
if exist "%build%\claims.xml" del "%build%\claims.xml"
echo running the claims ...
ctest --test-dir "%build%" -L "claims" --parallel %NUMBER_OF_PROCESSORS% --quiet --no-tests=error --output-junit "%build%\claims.xml"
set "test_status=%errorlevel%"
if exist "%build%\claims.xml" cmake -D "REPORT=%build%\claims.xml" -D CLAIMS=ON -P "%root%\common\cmake\test_summary.cmake"
if not "%test_status%"=="0" echo course: not every claim holds; to see what was found: course test -L claims 1>&2
exit /b %test_status%

rem What notes\output shows is captured on Linux only.
:notes
set rest=%args:*notes=%
call :make --target notes_check
if errorlevel 1 exit /b 1
pushd "%root%"
"%build%\bin\notes_check.exe" %rest%
set "notes_status=%errorlevel%"
popd
exit /b %notes_status%

rem The page into which compare puts its results. It goes without where the page cannot be built.
:make_report_page
where /q node.exe
if not errorlevel 1 node "%root%\common\tools\report\build.mjs"
if not errorlevel 1 exit /b 0
echo   no report.html this time: it needs Node.js 18 or later with npm
if exist "%root%\build\report\template.html" del "%root%\build\report\template.html"
exit /b 0

rem --- Finds Visual Studio, configures, builds. Its arguments go to `cmake --build`. ----------------------------------
:make
rem In a Developer Command Prompt for x64 everything is set up already.
if defined VSCMD_VER if /i "%VSCMD_ARG_TGT_ARCH%"=="x64" goto configure
if not exist "%ProgramFiles(x86)%\Microsoft Visual Studio\Installer\vswhere.exe" goto no_visual_studio
set "PATH=%ProgramFiles(x86)%\Microsoft Visual Studio\Installer;%PATH%"
set "visual_studio="
for /f "usebackq delims=" %%i in (`vswhere.exe -latest -products * -version 17.5 -requires Microsoft.VisualStudio.Component.VC.Tools.x86.x64 -property installationPath`) do set "visual_studio=%%i"
if not defined visual_studio goto no_visual_studio
echo using %visual_studio%
rem Without this VsDevCmd may leave us in another folder.
set "VSCMD_START_DIR=%CD%"
call "%visual_studio%\Common7\Tools\VsDevCmd.bat" -arch=amd64 -host_arch=amd64 -no_logo
where /q cl.exe
if errorlevel 1 goto no_visual_studio

:configure
where /q cmake.exe
if errorlevel 1 goto no_cmake
where /q ninja.exe
if errorlevel 1 goto no_cmake
echo configuring ...
pushd "%root%"
cmake --preset windows
if errorlevel 1 goto configure_failed
popd
echo building ...
cmake --build "%build%" %*
if errorlevel 1 goto build_failed
exit /b 0

:configure_failed
popd
echo course: CMake could not configure the course; the lines above say why. 1>&2
echo         The first time it downloads the libraries of the tests and tools, for which it needs the Internet. 1>&2
echo         If the course's folder was moved or copied, delete the folder build in it and try again. 1>&2
exit /b 1

:build_failed
echo course: the build failed; the first error above says why. 1>&2
exit /b 1

:no_visual_studio
echo course: Visual Studio 2022 (17.5) or later with C++ was not found. 1>&2
echo         Open the Visual Studio Installer; choose Modify or Update, or install the free Community edition; 1>&2
echo         tick "Desktop development with C++"; then run the same command again. 1>&2
exit /b 1

:no_cmake
echo course: Visual Studio is here, but its CMake or its Ninja is not. 1>&2
echo         Open the Visual Studio Installer, choose Modify, and under "Desktop development with C++" 1>&2
echo         tick "C++ CMake tools for Windows"; then run the same command again. 1>&2
exit /b 1

:usage
echo One echo server, six Windows I/O models.
echo.
echo   course compare [...]       all servers side by side under the same load
echo   course test [...]          all tests; what follows goes to ctest, such as: -R 03_
echo   course test --quick        the contract and the claims of every chapter, for a class
echo   course run NAME [...]      one server, such as: run 06_iocp --port 9000   (Ctrl+C stops it)
echo   course trace NAME [...]    the same, with every call of the server recorded for Perfetto
echo   course grade SERVER [...]  tests a server of your own, and explains each rule that it breaks: --lang en or ko,
echo                              --junit FILE, and what grade --help says
echo   course claims              all claims of the notes, run: passed, failed, or skipped and why
echo   course notes [--fix]       whether notes, code and the two languages are in step; --fix copies the
echo                              code into the notes
echo   course client [MODE] [...] talks to a server line by line, or makes trouble: client --silent (all modes: --help)
echo   course build               builds everything
echo   course help
echo.
echo The first use downloads and builds what is missing (a few minutes). Everything it makes lies in build\.
exit /b 0
