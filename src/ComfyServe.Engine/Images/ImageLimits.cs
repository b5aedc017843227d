namespace ComfyServe.Engine.Images;

/// <summary>Bounds on what a decoder may expand: a small file can claim to hold gigapixels.</summary>
internal sealed record ImageLimits
{
    /// <summary>Most pixels of one file, all frames together. Default 178,956,970, where Pillow refuses too.</summary>
    public long MaxPixels { get; init; } = 178_956_970;

    /// <summary>Most frames of one animation. Default 4096, the largest batch that ComfyUI's nodes accept.</summary>
    public int MaxFrames { get; init; } = 4096;

    /// <summary>Told the number of pixels before they are decoded; may throw. Null: nobody asks.</summary>
    public Action<long>? Decoding { get; init; }
}
