# The three things a folder of this project can hold: specification, library, tool.

# sextant_add_tablegen(<name> <td file> <generated file>:<option>[:<option>] ...)
# Generates into include/sextant/<component>/ of the build folder, where
# <component> is the calling folder below dialects/. The options are
# mlir-tblgen's, without their dashes.
function(sextant_add_tablegen name td)
  file(RELATIVE_PATH component ${PROJECT_SOURCE_DIR}/dialects ${CMAKE_CURRENT_SOURCE_DIR})
  set(out ${PROJECT_BINARY_DIR}/include/sextant/${component})
  file(MAKE_DIRECTORY ${out})
  set(generated)
  foreach(rule IN LISTS ARGN)
    string(REPLACE ":" ";-" options ${rule})
    list(POP_FRONT options file)
    add_custom_command(
      OUTPUT ${out}/${file}
      COMMAND ${MLIR_TABLEGEN_EXE} ${options} ${CMAKE_CURRENT_SOURCE_DIR}/${td}
              -I ${PROJECT_SOURCE_DIR}/dialects -I ${PROJECT_BINARY_DIR}/dialects -I ${MLIR_INCLUDE_DIR_FOR_TD}
              -o ${out}/${file} -d ${out}/${file}.d --write-if-changed
      DEPFILE ${out}/${file}.d
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${td}
      VERBATIM)
    list(APPEND generated ${out}/${file})
  endforeach()
  add_custom_target(${name} DEPENDS ${generated})
  set_property(GLOBAL APPEND PROPERTY SEXTANT_TABLEGEN_TARGETS ${name})
endfunction()

list(GET MLIR_INCLUDE_DIRS 0 MLIR_INCLUDE_DIR_FOR_TD)

function(sextant_target_settings target)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(${target} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/lib)
  target_compile_definitions(${target} PRIVATE ${LLVM_DEFINITIONS_LIST})
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-unused-parameter -Wno-comment
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>
    $<$<BOOL:${SEXTANT_WERROR}>:-Werror>)
  if(SEXTANT_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize=vptr,function
                           -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
  if(NOT target STREQUAL SextantPch)
    target_precompile_headers(${target} REUSE_FROM SextantPch)
  endif()
endfunction()

# sextant_add_library(<name> <sources...> [LINK <libraries...>])
# A static library of one component; everything links the shared MLIR and LLVM.
function(sextant_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  sextant_target_settings(${name})
  get_property(tablegen GLOBAL PROPERTY SEXTANT_TABLEGEN_TARGETS)
  if(tablegen)
    add_dependencies(${name} ${tablegen})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR LLVM)
  set_property(GLOBAL APPEND PROPERTY SEXTANT_LIBRARIES ${name})
  install(TARGETS ${name} EXPORT SextantTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

# sextant_add_tool(<name> <sources...> LINK <libraries...>)
function(sextant_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  sextant_target_settings(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  set_property(GLOBAL APPEND PROPERTY SEXTANT_TOOLS ${name})
  install(TARGETS ${name} EXPORT SextantTargets RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
