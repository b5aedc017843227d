namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>The networks of a checkpoint, to choose which are loaded.</summary>
[Flags]
public enum CheckpointParts
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The denoising UNet.</summary>
    Unet = 1,

    /// <summary>The CLIP text encoder.</summary>
    TextEncoder = 2,

    /// <summary>The autoencoder between images and latents.</summary>
    Vae = 4,

    /// <summary>All three.</summary>
    All = Unet | TextEncoder | Vae,
}
