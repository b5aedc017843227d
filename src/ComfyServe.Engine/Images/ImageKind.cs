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

    /// <summary>TIFF, all pages.</summary>
    Tiff,

    /// <summary>Windows bitmap.</summary>
    Bmp,

    /// <summary>AVIF, still or animated.</summary>
    Avif,

    /// <summary>HEIC and HEIF, the primary picture.</summary>
    Heic,

    /// <summary>JPEG 2000, in a JP2 file or as a bare code stream.</summary>
    Jpeg2000,

    /// <summary>Photoshop: the composite, then its layers above the lowest.</summary>
    Psd,

    /// <summary>Netpbm: PBM, PGM, PPM (plain and raw) and PFM.</summary>
    Netpbm,

    /// <summary>Windows icon or cursor: the largest picture.</summary>
    Icon,

    /// <summary>PC Paintbrush.</summary>
    Pcx,

    /// <summary>Truevision TGA.</summary>
    Tga,

    /// <summary>DirectDraw surface.</summary>
    Dds,

    /// <summary>Silicon Graphics image.</summary>
    Sgi,

    /// <summary>Quite OK Image.</summary>
    Qoi,
}
