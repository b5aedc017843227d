using System.Buffers.Binary;
using System.IO.Compression;

namespace ComfyServe.Engine.Images;

/// <summary>Completes PNGs that end early or are damaged inside: the rows that can be unpacked stay, the rest is zero, as Pillow leaves it.</summary>
/// <remarks>PNG specification (third edition), 5.2, 7.2 and 10.1.</remarks>
internal static class CutPng
{
    /// <summary>The first column and row and the steps of the seven passes of an interlaced picture.</summary>
    private static readonly (int X, int Y, int StepX, int StepY)[] Passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    /// <summary>A whole PNG with what is there of this one. Its measures must have been checked against the limits.</summary>
    public static byte[] Completed(ReadOnlySpan<byte> file)
    {
        using var output = new MemoryStream();
        using var packed = new MemoryStream();
        output.Write(PngHeader.Signature);
        ReadOnlySpan<byte> header = [];
        for (var rest = file[PngHeader.Signature.Length..]; rest.Length > 8;)
        {
            var length = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(rest), rest.Length - 8);
            var type = rest.Slice(4, 4);
            var content = rest.Slice(8, length);
            if (type.SequenceEqual("IDAT"u8))
            {
                packed.Write(content);
            }
            else if (packed.Length == 0 && !type.SequenceEqual("acTL"u8) && !type.SequenceEqual("fcTL"u8))
            {
                header = type.SequenceEqual("IHDR"u8) ? content : header;
                PngChunks.Write(output, type, content);
            }

            rest = rest[Math.Min(length + 12, rest.Length)..];
        }

        PngChunks.Write(output, "IDAT"u8, Pack(Unpack(packed, RowBytes(header))));
        PngChunks.Write(output, "IEND"u8, []);
        return output.ToArray();
    }

    /// <summary>Lengths of all rows with their filter bytes, in the order of the file.</summary>
    private static List<int> RowBytes(ReadOnlySpan<byte> header)
    {
        int width = BinaryPrimitives.ReadInt32BigEndian(header), height = BinaryPrimitives.ReadInt32BigEndian(header[4..]);
        var bits = header[8] * (header[9] switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 });
        var rows = new List<int>();
        foreach (var (x, y, stepX, stepY) in header[12] == 1 ? Passes : [(0, 0, 1, 1)])
        {
            var columns = (width - x + stepX - 1) / stepX;
            var length = 1 + (int)((((long)columns * bits) + 7) / 8);
            rows.AddRange(Enumerable.Repeat(length, columns > 0 ? Math.Max(0, (height - y + stepY - 1) / stepY) : 0));
        }

        return rows;
    }

    /// <summary>All rows that are whole and have a known filter; zeros for the rest.</summary>
    private static byte[] Unpack(MemoryStream packed, List<int> rows)
    {
        var bytes = new byte[rows.Sum(static r => (long)r)];
        packed.Position = 0;
        var got = Inflate(packed, bytes);
        var at = 0;
        foreach (var row in rows)
        {
            if (at + row > got || bytes[at] > 4)
            {
                break;
            }

            at += row;
        }

        Array.Clear(bytes, at, bytes.Length - at);
        return bytes;
    }

    private static int Inflate(MemoryStream packed, byte[] bytes)
    {
        var got = 0;
        try
        {
            using var inflating = new ZLibStream(packed, CompressionMode.Decompress, leaveOpen: true);
            for (int read; got < bytes.Length && (read = inflating.Read(bytes, got, Math.Min(4096, bytes.Length - got))) > 0; got += read)
            {
            }
        }
        catch (InvalidDataException)
        {
            // What came before the damage counts.
        }

        return got;
    }

    private static byte[] Pack(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var deflating = new ZLibStream(packed, CompressionLevel.NoCompression, leaveOpen: true))
        {
            deflating.Write(bytes);
        }

        return packed.ToArray();
    }
}
