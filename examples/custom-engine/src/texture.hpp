// Textures: made up, encoded, decoded. It takes about as long as a small PNG.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

using Bytes = std::vector<std::uint8_t>;

struct Image {
    std::string name;
    std::uint32_t width = 0, height = 0;
    std::vector<std::uint32_t> pixels;
    std::uint64_t checksum() const;
};

/// What reading the file would give. `corrupt` cuts it short.
Bytes read_file(std::uint32_t seed, bool corrupt);
/// Throws std::runtime_error if the bytes are no image.
Image decode(const std::string& name, const Bytes& bytes);
/// The image that the file of this seed holds, made without encoding it: to compare with.
Image original(const std::string& name, std::uint32_t seed);
Image placeholder(const std::string& name);
