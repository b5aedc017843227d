namespace ComfyServe.Provisioning.Manifest;

/// <summary>A token that entries of a manifest can depend on.</summary>
internal enum Token
{
    /// <summary><c>HF_TOKEN</c>.</summary>
    HuggingFace,

    /// <summary><c>CIVITAI_TOKEN</c>.</summary>
    Civitai,
}
