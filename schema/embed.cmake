# Turn text files into one C file, so that the installed program needs none of them:
#   cmake -DOUT=x.c "-DPAIRS=name=path;name=path" [-DHEADER=declares/them.h] -P embed.cmake
# Bytes instead of string literals: nothing to escape, no limit of a compiler on a literal's length.
if(NOT HEADER)
  set(HEADER schema/schema_text.h)
endif()
set(code "/* Made by schema/embed.cmake. */\n#include \"${HEADER}\"\n")
foreach(pair ${PAIRS})
  string(REGEX MATCH "^([a-z_]+)=(.*)$" matched "${pair}")
  set(name ${CMAKE_MATCH_1})
  file(READ "${CMAKE_MATCH_2}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
  string(APPEND code "static const char ${name}_bytes[] = {\n${bytes}0};\n")
  string(APPEND code "const struct view ${name} = {${name}_bytes, sizeof ${name}_bytes - 1};\n")
endforeach()
file(WRITE "${OUT}" "${code}")
