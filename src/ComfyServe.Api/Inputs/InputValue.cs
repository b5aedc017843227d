namespace ComfyServe.Api.Inputs;

/// <summary>Tells what the value of a file input is.</summary>
internal static class InputValue
{
    /// <summary>What a value is.</summary>
    internal enum Kind
    {
        /// <summary>The name of a file that the engine has.</summary>
        Name,

        /// <summary>A URL to fetch.</summary>
        Url,

        /// <summary>A <c>data:</c> URI.</summary>
        DataUri,

        /// <summary>The file itself in base64.</summary>
        Base64,

        /// <summary>A URL that cannot be fetched: neither http nor https.</summary>
        OtherUrl,
    }

    /// <summary>What <paramref name="value"/> is.</summary>
    public static Kind Of(string value)
    {
        var text = value.AsSpan().Trim();
        if (text.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            return Kind.DataUri;
        }

        if (IsUrl(value))
        {
            return text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? Kind.Url : Kind.OtherUrl;
        }

        return Base64Text.Is(text) ? Kind.Base64 : Kind.Name;
    }

    /// <summary>Whether the original service takes a string for a URL: it has a scheme and an authority.</summary>
    public static bool IsUrl(string value)
    {
        var text = value.AsSpan().TrimStart();
        var colon = text.IndexOf("://", StringComparison.Ordinal);
        if (colon <= 0 || !char.IsAsciiLetter(text[0]))
        {
            return false;
        }

        foreach (var c in text[..colon])
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '-' or '.'))
            {
                return false;
            }
        }

        var authority = text[(colon + 3)..];
        var end = authority.IndexOfAny('/', '?', '#');
        if (end >= 0)
        {
            authority = authority[..end];
        }

        return authority.Length > 0 && authority.Contains('[') == authority.Contains(']');
    }
}
