# What the library is built with. The smallest one has none of these switches, needs libdeflate or zlib (CRC-32) and the headers of
# nlohmann-json, and reads and writes plain files of version 2. What a build lacks is H4MK_ERR_UNSUPPORTED; h4mk_features() and the
# variable `features` of libh4mk.pc tell what it has.
include(CMakeDependentOption)
option(H4MK_WITH_PROTECTION "Encryption and signatures (needs OpenSSL)" ON)
option(H4MK_WITH_ZSTD "Compressed blocks (needs zstd)" ON)
option(H4MK_WITH_ADAPTERS "Adapters, plugins, sessions and decoders (needs kissfft, threads and dlopen)" ON)
cmake_dependent_option(H4MK_WITH_LEGACY "Version 1, the transport dialect, conversion, the first ciphers" ON
                       H4MK_WITH_PROTECTION OFF) # which has ciphers too
option(H4MK_WITH_LIBDEFLATE "CRC-32 by libdeflate, several times as fast as by zlib" ON)

find_package(PkgConfig QUIET)
h4mk_require("${PKG_CONFIG_FOUND}" "pkg-config" pkg-config)
find_package(nlohmann_json 3.11 QUIET)
h4mk_require("${nlohmann_json_FOUND}" "nlohmann-json 3.11 or later" nlohmann-json3-dev)

set(H4MK_FEATURES "")
set(h4mk_libraries "")   # what all objects are compiled with and both libraries are linked with
set(h4mk_definitions "")
set(H4MK_PC_REQUIRES "") # the same for pkg-config
set(H4MK_DEV_PACKAGES "") # and as Debian packages

# h4mk_use(<pkg-config module> <package> <what for>): adds a library.
macro(h4mk_use module package purpose)
  string(TOUPPER ${module} variable)
  pkg_check_modules(${variable} QUIET IMPORTED_TARGET ${module})
  h4mk_require("${${variable}_FOUND}" "${module} (${purpose})" ${package})
  list(APPEND h4mk_libraries PkgConfig::${variable})
  list(APPEND H4MK_PC_REQUIRES ${module})
  list(APPEND H4MK_DEV_PACKAGES ${package})
endmacro()

if(H4MK_WITH_LIBDEFLATE)
  h4mk_use(libdeflate libdeflate-dev "CRC-32")
  list(APPEND h4mk_definitions H4MK_HAVE_LIBDEFLATE)
  # AVX-512 makes CRC-32 three times as fast. libdeflate has that from 1.20 on; with an older one ISA-L does it, where it is there.
  if(LIBDEFLATE_VERSION VERSION_LESS 1.20 AND CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
    pkg_check_modules(LIBISAL QUIET IMPORTED_TARGET libisal)
    if(LIBISAL_FOUND)
      h4mk_use(libisal libisal-dev "CRC-32")
      list(APPEND h4mk_definitions H4MK_HAVE_ISAL)
    endif()
  endif()
else()
  h4mk_use(zlib zlib1g-dev "CRC-32")
endif()

if(H4MK_WITH_PROTECTION)
  h4mk_use(libcrypto libssl-dev "ciphers, hashes, signatures")
  if(LIBCRYPTO_VERSION VERSION_LESS 3)
    h4mk_require(FALSE "OpenSSL 3" libssl-dev)
  endif()
endif()
if(H4MK_WITH_ZSTD)
  h4mk_use(libzstd libzstd-dev "compressed blocks")
endif()
if(H4MK_WITH_ADAPTERS)
  find_path(KISSFFT_INCLUDE_DIR kissfft/kissfft.hh)
  h4mk_require("${KISSFFT_INCLUDE_DIR}" "kissfft (its C++ header)" libkissfft-dev)
endif()

foreach(feature PROTECTION ZSTD ADAPTERS LEGACY)
  if(H4MK_WITH_${feature})
    list(APPEND h4mk_definitions H4MK_WITH_${feature})
    string(TOLOWER ${feature} name)
    list(APPEND H4MK_FEATURES ${name})
  endif()
endforeach()
list(JOIN H4MK_FEATURES " " H4MK_FEATURES)

list(JOIN H4MK_PC_REQUIRES " " H4MK_PC_REQUIRES)
list(JOIN H4MK_DEV_PACKAGES ", " H4MK_DEV_PACKAGES)
set(H4MK_DEV_PACKAGES "${H4MK_DEV_PACKAGES}" PARENT_SCOPE) # for packages.cmake
