namespace ComfyServe.Engine.Previews;

/// <summary>How the engine shows latents while it samples.</summary>
public enum PreviewMethod
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>The best that there is: <see cref="Latent2Rgb"/>.</summary>
    Auto,

    /// <summary>Each latent pixel is mixed to a colour: small and nearly free.</summary>
    Latent2Rgb,
}
