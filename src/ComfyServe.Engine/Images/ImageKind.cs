namespace ComfyServe.Engine.Images;

/// <summary>File formats that <see cref="ImageDecoder"/> reads.</summary>
internal enum ImageKind
{
    /// <summary>None of the others.</summary>
    Unknown,

    /// <summary>Portable Network Graphics.</summary>
    Png,

    /// <summary>JPEG, including the first picture of a multi-picture file.</summary>
    Jpeg,

    /// <summary>WebP, still or animated.</summary>
    Webp,

    /// <summary>GIF, still or animated.</summary>
    Gif,

    /// <summary>TIFF, first page.</summary>
    Tiff,

    /// <summary>Windows bitmap.</summary>
    Bmp,
}
