# `cpack` in a build folder of the preset "package" (or any other that was configured with -DCMAKE_INSTALL_PREFIX=/usr) makes Debian
# packages: libh4mk1, libh4mk-dev, h4mk (the tools), python3-h4mk, and where there is what they are built with, libh4mk-frames1 (of the
# system's FFmpeg) and gstreamer1.0-h4mk.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME h4mk)
set(CPACK_PACKAGE_VENDOR "H4MK")
set(CPACK_PACKAGE_CONTACT "H4MK maintainers <maintainers@h4mk.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_PACKAGE_RELEASE 0h4mk1) # older than what Debian itself would call 1
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/libh4mk)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(packages ${PROJECT_BINARY_DIR}/packages)

set(runtime "libh4mk${PROJECT_VERSION_MAJOR}")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME ${runtime})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "The shared library. The format holds many tracks of blocks that it never
looks into, with exact times, checksums everywhere, and an index that
survives a crash.")
# What CPack would write itself asks of every program for exactly the version that it was built with, and calls ldconfig from
# scripts; a trigger does that once for all packages. Only where it is given scripts does CPack write none: these two are not there.
# There is no list of symbols with versions (lintian: no-symbols-control-file), since all are from the first one.
file(WRITE ${packages}/shlibs "libh4mk ${PROJECT_VERSION_MAJOR} ${runtime} (>= ${PROJECT_VERSION})\n")
file(WRITE ${packages}/triggers "activate-noawait ldconfig\n")
set(without_scripts ${packages}/triggers ${packages}/none/postinst ${packages}/none/postrm)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${packages}/shlibs ${without_scripts})

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libh4mk-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "${runtime} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}), ${H4MK_DEV_PACKAGES}")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "What programs are built with that use the library: its C headers h4mk.h, for
files, and adapter.h, for plugins that decode blocks; the static library; and
what pkg-config and CMake need to find them.")

set(CPACK_COMPONENTS_ALL runtime development)

# Of another FFmpeg than the system's there is no package.
set(frames "")
if(TARGET h4mk_frames AND NOT H4MK_FFMPEG_PREFIX)
  list(APPEND CPACK_COMPONENTS_ALL frames)
  set(frames "libh4mk-frames${PROJECT_VERSION_MAJOR}")
  set(CPACK_DEBIAN_FRAMES_PACKAGE_NAME ${frames})
  set(CPACK_DEBIAN_FRAMES_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_FRAMES_PACKAGE_DEPENDS "${runtime} (>= ${PROJECT_VERSION})")
  set(CPACK_DEBIAN_FRAMES_DESCRIPTION "The shared library that decodes exact frames and samples by number, and reads
files from servers.")
  file(WRITE ${packages}/frames/shlibs "libh4mk_frames ${PROJECT_VERSION_MAJOR} ${frames} (>= ${PROJECT_VERSION})\n")
  set(CPACK_DEBIAN_FRAMES_PACKAGE_CONTROL_EXTRA ${packages}/frames/shlibs ${without_scripts})
  string(APPEND CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS ", ${frames} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
endif()
if(H4MK_BUILD_TOOLS)
  list(APPEND CPACK_COMPONENTS_ALL tools)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME h4mk)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION video)
  # The desktop entry offers mpv, where it is installed (TryExec; lintian: desktop-command-not-in-package).
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS mpv)
  set(CPACK_DEBIAN_TOOLS_DESCRIPTION "The command line tool: inspects, verifies, recovers, edits and converts files.
Makes them known to the desktop and to file(1).")
endif()

if(H4MK_BUILD_TOOLS AND H4MK_BUILD_PYTHON)
  list(APPEND CPACK_COMPONENTS_ALL python)
  set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-h4mk)
  set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
  set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
  set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "python3 (>= 3.11), python3-cffi-backend, python3-numpy, ${runtime} (>= ${PROJECT_VERSION})")
  set(CPACK_DEBIAN_PYTHON_PACKAGE_RECOMMENDS ${frames}) # it reads and writes packets without
  set(CPACK_DEBIAN_PYTHON_PACKAGE_SUGGESTS h4mk)
  set(CPACK_DEBIAN_PYTHON_DESCRIPTION "The Python package h4mk: tracks, packets, frames, verification, writing.")
endif()

if(TARGET h4mk_gstreamer)
  list(APPEND CPACK_COMPONENTS_ALL gstreamer)
  set(CPACK_DEBIAN_GSTREAMER_PACKAGE_NAME gstreamer1.0-h4mk)
  set(CPACK_DEBIAN_GSTREAMER_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_GSTREAMER_PACKAGE_DEPENDS "${runtime} (>= ${PROJECT_VERSION})")
  set(CPACK_DEBIAN_GSTREAMER_PACKAGE_RECOMMENDS gstreamer1.0-libav)
  set(CPACK_DEBIAN_GSTREAMER_DESCRIPTION "The plugin for GStreamer: its players open, play and seek files of this format.")
endif()

# Debian wants these in every package: two changelogs, and the licence in the form of its own.
find_program(GZIP gzip REQUIRED)
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(CONFIGURE OUTPUT ${packages}/changelog.Debian CONTENT
"h4mk (@PROJECT_VERSION@-@CPACK_DEBIAN_PACKAGE_RELEASE@) UNRELEASED; urgency=medium

  * As the build system packs it; what changed is in changelog.gz.

 -- @CPACK_PACKAGE_CONTACT@  @date@
" @ONLY)
set(gzipped "")
foreach(name changelog changelog.Debian)
  set(source ${packages}/${name})
  if(name STREQUAL changelog)
    set(source ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
  endif()
  add_custom_command(OUTPUT ${packages}/${name}.gz COMMAND ${GZIP} -9nc ${source} > ${packages}/${name}.gz DEPENDS ${source})
  list(APPEND gzipped ${packages}/${name}.gz)
endforeach()
add_custom_target(changelog ALL DEPENDS ${gzipped})

file(READ ${PROJECT_SOURCE_DIR}/LICENSE text)
string(REGEX MATCH "Copyright \\(c\\) ([^\n]*)" _ "${text}")
set(holders ${CMAKE_MATCH_1})
string(REGEX MATCH "Permission is hereby.*SOFTWARE\\.\n" text "${text}") # what follows is about files for FFmpeg, which are not packed
string(REPLACE "\n\n" "\n.\n" text "${text}")
string(REPLACE "\n" "\n " text "${text}")
string(STRIP "${text}" text)
file(CONFIGURE OUTPUT ${packages}/copyright CONTENT
"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: h4mk

Files: *
Copyright: @holders@
License: Expat
 @text@
" @ONLY)

# Libraries that are headers only end up in the binaries, and their licences ask for their texts to go with those. Debian's packages
# of them have these.
set(inside_runtime nlohmann-json3-dev libkissfft-dev)
set(inside_development ${inside_runtime})
set(inside_tools nlohmann-json3-dev libcli11-dev)

foreach(component ${CPACK_COMPONENTS_ALL})
  string(TOUPPER ${component} COMPONENT)
  set(folder ${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${COMPONENT}_PACKAGE_NAME})
  install(FILES ${packages}/copyright ${gzipped} COMPONENT ${component} DESTINATION ${folder})
  foreach(library ${inside_${component}})
    install(FILES /usr/share/doc/${library}/copyright RENAME copyright.${library} OPTIONAL COMPONENT ${component} DESTINATION ${folder})
  endforeach()
endforeach()

# Strips, and compresses manual pages, in what is about to be packed.
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/package_files.cmake)
set(CPACK_H4MK_STRIP ${CMAKE_STRIP})
set(CPACK_H4MK_GZIP ${GZIP})

include(CPack)
