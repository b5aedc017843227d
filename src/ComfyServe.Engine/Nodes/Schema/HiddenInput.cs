namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>What a <see cref="HiddenAttribute"/> parameter receives.</summary>
public enum HiddenInput
{
    /// <summary>The workflow as queued, a <see cref="System.Text.Json.Nodes.JsonObject"/>. Do not change it.</summary>
    Prompt,

    /// <summary>The caller's <c>extra_data.extra_pnginfo</c>, a <see cref="System.Text.Json.Nodes.JsonNode"/> or null.</summary>
    ExtraPngInfo,

    /// <summary>The node's id, a <see cref="string"/>.</summary>
    UniqueId,

    /// <summary>The workflow with the nodes that expansions added, a <see cref="System.Text.Json.Nodes.JsonObject"/>.</summary>
    DynPrompt,
}
