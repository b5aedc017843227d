namespace ComfyServe.Provisioning.Running;

/// <summary>The URLs that tell whether a token is valid: they answer 200 to a valid one, 401 or 403 to another.</summary>
internal sealed record TokenSites
{
    /// <summary>For <c>HF_TOKEN</c>.</summary>
    public Uri HuggingFace { get; init; } = new("https://huggingface.co/api/whoami-v2");

    /// <summary>For <c>CIVITAI_TOKEN</c>.</summary>
    public Uri Civitai { get; init; } = new("https://civitai.com/api/v1/models?hidden=1&limit=1");
}
