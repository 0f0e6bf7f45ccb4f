# `cpack` in a build folder that was configured with -DCMAKE_INSTALL_PREFIX=/usr makes Debian packages: libh4mk1, libh4mk-dev and
# h4mk (the tools).
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME h4mk)
set(CPACK_PACKAGE_VENDOR "H4MK")
set(CPACK_PACKAGE_CONTACT "H4MK maintainers <maintainers@h4mk.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/libh4mk)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)

set(runtime "libh4mk${PROJECT_VERSION_MAJOR}")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME ${runtime})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "The shared library. The format holds many tracks of blocks that it never looks
into, with exact times, checksums everywhere, and an index that survives a crash.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libh4mk-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "${runtime} (= ${PROJECT_VERSION}), libdeflate-dev, libzstd-dev, zlib1g-dev, libssl-dev")
if(ISAL_FOUND)
  string(APPEND CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS ", libisal-dev")
endif()
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "The C header, the static library, and what pkg-config and CMake need to find them.")

set(CPACK_COMPONENTS_ALL runtime development)
if(H4MK_BUILD_TOOLS)
  list(APPEND CPACK_COMPONENTS_ALL tools)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME h4mk)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION video)
  set(CPACK_DEBIAN_TOOLS_DESCRIPTION "The command line tool: inspects, verifies, recovers, edits and converts files.
Makes them known to the desktop and to file(1).")
endif()

# Debian wants both in every package.
find_program(GZIP gzip REQUIRED)
add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/changelog.gz
  COMMAND ${GZIP} -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md > ${PROJECT_BINARY_DIR}/changelog.gz
  DEPENDS ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
add_custom_target(changelog ALL DEPENDS ${PROJECT_BINARY_DIR}/changelog.gz)
foreach(component ${CPACK_COMPONENTS_ALL})
  string(TOUPPER ${component} COMPONENT)
  set(folder ${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${COMPONENT}_PACKAGE_NAME})
  install(FILES LICENSE DESTINATION ${folder} RENAME copyright COMPONENT ${component})
  install(FILES ${PROJECT_BINARY_DIR}/changelog.gz DESTINATION ${folder} COMPONENT ${component})
endforeach()

include(CPack)
