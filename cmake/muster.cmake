# What every target of the project shares, and the four kinds of target there are.
#
#   muster_library(name SOURCES ... DEPENDS ...)      one static library per module: muster_<name>
#   muster_program(name SOURCES ... DEPENDS ...)      an executable muster-<name>, or `muster` itself
#   muster_test(kind name SOURCES ... DEPENDS ...)    Criterion program test-<kind>-<name>, ctest label <kind>
#   muster_fuzz(name SOURCES ... DEPENDS ... CORPUS)  libFuzzer target fuzz-<name> with MUSTER_FUZZ, else a
#                                                     program that replays its corpus; ctest label "fuzz"
#
# What is not listed after DEPENDS cannot be linked by accident, so the graph of modules can be read in the
# CMakeLists.txt files.

include(GNUInstallDirs)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

option(MUSTER_WERROR "Warnings are errors (off for distribution packages)" ON)
option(MUSTER_FUZZ "Build libFuzzer targets (clang only)" OFF)
set(MUSTER_SANITIZE "" CACHE STRING "Comma separated list for -fsanitize=, e.g. address,undefined")

add_library(muster_flags INTERFACE)
target_include_directories(muster_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_definitions(muster_flags INTERFACE _GNU_SOURCE)
target_compile_options(muster_flags INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla
  -Wformat=2 -Wundef -Wcast-qual -fno-common -fstack-protector-strong
  $<$<BOOL:${MUSTER_WERROR}>:-Werror>)
target_link_libraries(muster_flags INTERFACE Threads::Threads)
if(MUSTER_SANITIZE)
  target_compile_options(muster_flags INTERFACE -fsanitize=${MUSTER_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(muster_flags INTERFACE -fsanitize=${MUSTER_SANITIZE})
endif()
if(MUSTER_FUZZ)
  target_compile_options(muster_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Asserts say what only a bug of ours can cause; they stay on in every build.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")

# The version that --version prints: the project's, and the commit where git can tell it.
execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} rev-parse --short HEAD
  OUTPUT_VARIABLE MUSTER_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(MUSTER_COMMIT)
  set(MUSTER_VERSION_TEXT "${PROJECT_VERSION} (${MUSTER_COMMIT})")
else()
  set(MUSTER_VERSION_TEXT "${PROJECT_VERSION}")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/version.h.in ${PROJECT_BINARY_DIR}/generated/version.h)

function(muster_library name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(muster_${name} STATIC ${A_SOURCES})
  target_link_libraries(muster_${name} PUBLIC muster_flags ${A_DEPENDS})
endfunction()

function(muster_program name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE muster_flags ${A_DEPENDS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)
function(muster_test kind name)
  cmake_parse_arguments(A "" "TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 60)
  endif()
  add_executable(test-${kind}-${name} ${A_SOURCES} ${PROJECT_SOURCE_DIR}/tests/support/runner_leaks.c)
  target_link_libraries(test-${kind}-${name} PRIVATE muster_flags ${A_DEPENDS} PkgConfig::CRITERION)
  add_test(NAME ${kind}/${name} COMMAND test-${kind}-${name})
  # Criterion lets a leaking test pass under AddressSanitizer: the report in its output is what fails it.
  set_tests_properties(${kind}/${name} PROPERTIES LABELS ${kind} TIMEOUT ${A_TIMEOUT}
    FAIL_REGULAR_EXPRESSION "LeakSanitizer: detected")
endfunction()

# The same test program again, with a private database whose server takes SQL for something else unless it is told otherwise.
# (A server's own default is strict.)
function(muster_test_modes name)
  cmake_parse_arguments(A "" "TIMEOUT" "" ${ARGN})
  foreach(mode ANSI NO_BACKSLASH_ESCAPES)
    add_test(NAME integration/${name}@${mode} COMMAND test-integration-${name})
    set_tests_properties(integration/${name}@${mode} PROPERTIES LABELS integration TIMEOUT ${A_TIMEOUT}
      FAIL_REGULAR_EXPRESSION "LeakSanitizer: detected" ENVIRONMENT "MUSTER_TEST_DATABASE_OPTIONS=--sql-mode=${mode}")
  endforeach()
endfunction()

function(muster_fuzz name)
  cmake_parse_arguments(A "" "CORPUS" "SOURCES;DEPENDS" ${ARGN})
  add_executable(fuzz-${name} ${A_SOURCES})
  target_link_libraries(fuzz-${name} PRIVATE muster_flags ${A_DEPENDS})
  if(MUSTER_FUZZ)
    target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
    # libFuzzer writes new inputs into the first folder: one of the build's, not of the tree.
    file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/found)
    add_test(NAME fuzz/${name} COMMAND fuzz-${name} -max_total_time=10 ${CMAKE_CURRENT_BINARY_DIR}/found ${A_CORPUS})
  else()
    target_sources(fuzz-${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/replay_corpus.c)
    add_test(NAME fuzz/${name} COMMAND fuzz-${name} ${A_CORPUS})
  endif()
  set_tests_properties(fuzz/${name} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()
