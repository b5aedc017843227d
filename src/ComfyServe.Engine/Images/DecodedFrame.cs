namespace ComfyServe.Engine.Images;

/// <summary>One decoded picture, turned upright.</summary>
internal sealed class DecodedFrame
{
    /// <summary>Width in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Height in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>Interleaved 8-bit RGB, rows from the top.</summary>
    public required byte[] Rgb { get; init; }

    /// <summary>8-bit alpha, or null for an opaque picture.</summary>
    public byte[]? Alpha { get; init; }

    /// <summary>Whether the alpha is a channel of its own or of the palette. A single colour that a PNG declares
    /// transparent is alpha too, but loaders that look for a channel do not see it.</summary>
    public bool HasAlphaChannel { get; init; }
}
