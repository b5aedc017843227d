using System.Buffers.Binary;

namespace ComfyServe.Api.Inputs;

/// <summary>Reads how many pixels an image has from its first bytes, without decoding it: a small file can unpack to gigabytes.</summary>
internal static class ImageSize
{
    /// <summary>Width times height, or null where the bytes do not tell.</summary>
    public static long? Pixels(ReadOnlySpan<byte> start) => start switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] when start.Length >= 24 => Of(BinaryPrimitives.ReadUInt32BigEndian(start[16..]), BinaryPrimitives.ReadUInt32BigEndian(start[20..])),
        [(byte)'G', (byte)'I', (byte)'F', ..] when start.Length >= 10 => Of(BinaryPrimitives.ReadUInt16LittleEndian(start[6..]), BinaryPrimitives.ReadUInt16LittleEndian(start[8..])),
        [(byte)'B', (byte)'M', ..] when start.Length >= 26 => Of((uint)Math.Abs((long)BinaryPrimitives.ReadInt32LittleEndian(start[18..])), (uint)Math.Abs((long)BinaryPrimitives.ReadInt32LittleEndian(start[22..]))),
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] when start.Length >= 30 => WebP(start),
        [0xFF, 0xD8, ..] => Jpeg(start),
        _ => null,
    };

    private static long Of(uint width, uint height) => width > int.MaxValue || height > int.MaxValue ? long.MaxValue : (long)width * height;

    private static long? WebP(ReadOnlySpan<byte> start)
    {
        var chunk = start[12..16];
        if (chunk.SequenceEqual("VP8X"u8))
        {
            return Of(1 + Read24(start[24..]), 1 + Read24(start[27..]));
        }

        if (chunk.SequenceEqual("VP8L"u8))
        {
            var bits = BinaryPrimitives.ReadUInt32LittleEndian(start[21..]);
            return Of(1 + (bits & 0x3FFF), 1 + ((bits >> 14) & 0x3FFF));
        }

        return Of(BinaryPrimitives.ReadUInt16LittleEndian(start[26..]) & 0x3FFFu, BinaryPrimitives.ReadUInt16LittleEndian(start[28..]) & 0x3FFFu);
    }

    private static uint Read24(ReadOnlySpan<byte> bytes) => bytes[0] | ((uint)bytes[1] << 8) | ((uint)bytes[2] << 16);

    /// <summary>Walks the segments to the frame header, as far as the first bytes reach.</summary>
    private static long? Jpeg(ReadOnlySpan<byte> start)
    {
        var position = 2;
        while (position + 9 < start.Length)
        {
            if (start[position] != 0xFF)
            {
                return null;
            }

            var marker = start[position + 1];
            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                return Of(BinaryPrimitives.ReadUInt16BigEndian(start[(position + 7)..]), BinaryPrimitives.ReadUInt16BigEndian(start[(position + 5)..]));
            }

            position += 2 + BinaryPrimitives.ReadUInt16BigEndian(start[(position + 2)..]);
        }

        return null;
    }
}
