namespace ComfyServe.Provisioning.Manifest;

/// <summary>One word of a <c>when:</c>: a token is valid, or is not.</summary>
internal sealed record Condition(Token Token, bool Wanted)
{
    /// <summary>The words that a manifest may use.</summary>
    public const string Words = "hf_token_valid, civitai_token_valid, not hf_token_valid, not civitai_token_valid";

    /// <summary>The variable that holds the token.</summary>
    public static string Variable(Token token) => token == Token.HuggingFace ? "HF_TOKEN" : "CIVITAI_TOKEN";

    /// <summary>Reads a word; null where it is none.</summary>
    public static Condition? Parse(string word) => word.Trim() switch
    {
        "hf_token_valid" => new(Token.HuggingFace, Wanted: true),
        "not hf_token_valid" => new(Token.HuggingFace, Wanted: false),
        "civitai_token_valid" => new(Token.Civitai, Wanted: true),
        "not civitai_token_valid" => new(Token.Civitai, Wanted: false),
        _ => null,
    };

    /// <inheritdoc/>
    public override string ToString() => $"{Variable(Token)} is {(Wanted ? "valid" : "not valid")}";
}
