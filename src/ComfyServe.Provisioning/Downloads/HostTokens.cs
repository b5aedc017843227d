namespace ComfyServe.Provisioning.Downloads;

/// <summary>Which token goes to which host, and to no other: matched on the whole host name, over https only.</summary>
internal sealed class HostTokens(IReadOnlyList<HostToken> tokens)
{
    /// <summary>No tokens.</summary>
    public static HostTokens None { get; } = new([]);

    /// <summary>The tokens of the environment: <c>HF_TOKEN</c> and <c>CIVITAI_TOKEN</c>.</summary>
    public static HostTokens From(string? huggingFace, string? civitai)
    {
        var tokens = new List<HostToken>();
        if (!string.IsNullOrWhiteSpace(huggingFace))
        {
            tokens.Add(new HostToken("huggingface.co", huggingFace.Trim()));
            tokens.Add(new HostToken("hf.co", huggingFace.Trim()));
        }

        if (!string.IsNullOrWhiteSpace(civitai))
        {
            tokens.Add(new HostToken("civitai.com", civitai.Trim()) { WithSubdomains = true });
        }

        return new HostTokens(tokens);
    }

    /// <summary>The token to send with a request to this very URL, or none.</summary>
    public string? For(Uri url)
    {
        foreach (var token in tokens)
        {
            if (token.Matches(url))
            {
                return token.Token;
            }
        }

        return null;
    }
}
