using System.Buffers.Binary;

namespace ComfyServe.Engine.Images;

/// <summary>Splits an animated PNG into still ones. libvips reads the first picture only.</summary>
/// <remarks>PNG specification (third edition), 4.9 and 11.3.6.</remarks>
internal sealed class AnimatedPng
{
    private readonly List<AnimatedPngFrame> _frames = [];
    private readonly List<byte> _shared = [];
    private byte[] _header = [];

    private AnimatedPng()
    {
    }

    /// <summary>Canvas width in pixels.</summary>
    public int Width => BinaryPrimitives.ReadInt32BigEndian(_header);

    /// <summary>Canvas height in pixels.</summary>
    public int Height => BinaryPrimitives.ReadInt32BigEndian(_header.AsSpan(4));

    /// <summary>The pictures in order. One that stands before the animation and is not part of it comes first, as in Pillow.</summary>
    public IReadOnlyList<AnimatedPngFrame> Frames => _frames;

    /// <summary>Reads the chunks; null for a PNG that is not animated. A file that ends early has the frames that are whole so far.</summary>
    public static AnimatedPng? Read(ReadOnlySpan<byte> file)
    {
        var animation = new AnimatedPng();
        var isAnimated = false;
        for (var rest = file[PngHeader.Signature.Length..]; rest.Length >= 12;)
        {
            var length = (long)BinaryPrimitives.ReadUInt32BigEndian(rest);
            var type = rest.Slice(4, 4);
            var whole = length <= rest.Length - 12;
            isAnimated |= type.SequenceEqual("acTL"u8);
            if (!isAnimated && type.SequenceEqual("IDAT"u8))
            {
                return null;
            }

            animation.Take(type, rest.Slice(8, whole ? (int)length : rest.Length - 8));
            if (!whole)
            {
                break;
            }

            rest = rest[((int)length + 12)..];
        }

        animation._frames.RemoveAll(static f => f.Data.Count == 0);
        return isAnimated && animation._header.Length == 13 && animation._frames.Count > 1 ? animation : null;
    }

    /// <summary>A frame's own pixels as a PNG of its own size.</summary>
    public byte[] Still(AnimatedPngFrame frame)
    {
        using var png = new MemoryStream();
        png.Write(PngHeader.Signature);
        var header = (byte[])_header.Clone();
        BinaryPrimitives.WriteInt32BigEndian(header, frame.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), frame.Height);
        PngChunks.Write(png, "IHDR"u8, header);
        png.Write(_shared.ToArray());
        PngChunks.Write(png, "IDAT"u8, frame.Data.ToArray());
        PngChunks.Write(png, "IEND"u8, []);
        return png.ToArray();
    }

    private void Take(ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        if (type.SequenceEqual("IHDR"u8) && content.Length == 13)
        {
            _header = content.ToArray();
        }
        else if (type.SequenceEqual("PLTE"u8) || type.SequenceEqual("tRNS"u8))
        {
            using var chunk = new MemoryStream();
            PngChunks.Write(chunk, type, content);
            _shared.AddRange(chunk.ToArray());
        }
        else if (type.SequenceEqual("fcTL"u8) && content.Length >= 26)
        {
            _frames.Add(AnimatedPngFrame.Read(content));
        }
        else if (type.SequenceEqual("IDAT"u8) && _header.Length == 13)
        {
            if (_frames.Count == 0)
            {
                _frames.Add(new() { Width = Width, Height = Height });
            }

            _frames[^1].Data.AddRange(content);
        }
        else if (type.SequenceEqual("fdAT"u8) && content.Length > 4 && _frames.Count > 0)
        {
            _frames[^1].Data.AddRange(content[4..]);
        }
    }
}
