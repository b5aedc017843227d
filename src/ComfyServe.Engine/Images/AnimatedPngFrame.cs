using System.Buffers.Binary;

namespace ComfyServe.Engine.Images;

/// <summary>One picture of an animated PNG: where it goes, and what becomes of it.</summary>
internal sealed class AnimatedPngFrame
{
    /// <summary>Width in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Height in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>Pixels from the canvas' left side.</summary>
    public int Left { get; init; }

    /// <summary>Pixels from the canvas' top.</summary>
    public int Top { get; init; }

    /// <summary>What happens before the next picture: 0 nothing, 1 the place is cleared, 2 the place is as it was before this one.</summary>
    public int Disposal { get; init; }

    /// <summary>Whether it covers by its alpha, instead of replacing.</summary>
    public bool Blends { get; init; }

    /// <summary>The compressed pixels.</summary>
    public List<byte> Data { get; } = [];

    /// <summary>Reads an <c>fcTL</c> chunk.</summary>
    public static AnimatedPngFrame Read(ReadOnlySpan<byte> control) => new()
    {
        Width = BinaryPrimitives.ReadInt32BigEndian(control[4..]),
        Height = BinaryPrimitives.ReadInt32BigEndian(control[8..]),
        Left = BinaryPrimitives.ReadInt32BigEndian(control[12..]),
        Top = BinaryPrimitives.ReadInt32BigEndian(control[16..]),
        Disposal = control[24],
        Blends = control[25] == 1,
    };

    /// <summary>Whether it lies on a canvas of this size.</summary>
    public bool FitsIn(int width, int height) =>
        Width > 0 && Height > 0 && Left >= 0 && Top >= 0 && (long)Left + Width <= width && (long)Top + Height <= height;
}
