#include "texture.hpp"

#include <cstddef>
#include <stdexcept>

namespace {

constexpr std::uint32_t SIDE = 256;

std::uint32_t texel(std::uint32_t seed, std::uint32_t x, std::uint32_t y) {
    const std::uint32_t square = ((x / 8 + seed) * (y / 16 + 1)) % 13;
    return 0xff000000u | ((square * 0x00081018u) ^ (seed << 4));
}

void put(Bytes& bytes, std::uint32_t word) {
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::uint8_t>(word >> shift));
}

std::uint32_t get(const Bytes& bytes, std::size_t& at) {
    if (bytes.size() - at < 4) throw std::runtime_error("the file ends too early");
    std::uint32_t word = 0;
    for (int shift = 0; shift < 32; shift += 8) word |= std::uint32_t{bytes[at++]} << shift;
    return word;
}

} // namespace

std::uint64_t Image::checksum() const {
    std::uint64_t sum = 0xcbf29ce484222325u;
    for (std::uint32_t pixel : pixels) sum = (sum ^ pixel) * 0x100000001b3u;
    return sum;
}

Image original(const std::string& name, std::uint32_t seed) {
    Image image{name, SIDE, SIDE, {}};
    image.pixels.reserve(SIDE * SIDE);
    for (std::uint32_t y = 0; y < SIDE; ++y) {
        for (std::uint32_t x = 0; x < SIDE; ++x) image.pixels.push_back(texel(seed, x, y));
    }
    return image;
}

Bytes read_file(std::uint32_t seed, bool corrupt) {
    const Image image = original("", seed);
    Bytes bytes;
    put(bytes, SIDE);
    put(bytes, SIDE);
    for (std::size_t i = 0; i < image.pixels.size();) {
        std::size_t run = 1;
        while (i + run < image.pixels.size() && image.pixels[i + run] == image.pixels[i]) ++run;
        put(bytes, static_cast<std::uint32_t>(run));
        put(bytes, image.pixels[i]);
        i += run;
    }
    if (corrupt) bytes.resize(bytes.size() / 2);
    return bytes;
}

Image decode(const std::string& name, const Bytes& bytes) {
    std::size_t at = 0;
    Image image{name, 0, 0, {}};
    image.width = get(bytes, at);
    image.height = get(bytes, at);
    const std::size_t size = std::size_t{image.width} * image.height;
    if (size > (std::size_t{1} << 24)) throw std::runtime_error("the image is too large");
    image.pixels.reserve(size);
    while (image.pixels.size() < size) {
        const std::uint32_t run = get(bytes, at), pixel = get(bytes, at);
        if (run == 0 || run > size - image.pixels.size()) throw std::runtime_error("a run is too long");
        image.pixels.insert(image.pixels.end(), run, pixel);
    }
    return image;
}

Image placeholder(const std::string& name) { return Image{name, 1, 1, {0xffff00ffu}}; }
