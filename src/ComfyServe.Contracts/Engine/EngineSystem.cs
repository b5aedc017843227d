using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Engine;

/// <summary>The engine's program and its host's memory. Names and order are ComfyUI's.</summary>
public sealed record EngineSystem
{
    /// <summary><c>posix</c> or <c>nt</c>.</summary>
    [JsonPropertyName("os")]
    public required string Os { get; init; }

    /// <summary>Memory of the host in bytes.</summary>
    [JsonPropertyName("ram_total")]
    public required long RamTotal { get; init; }

    /// <summary>Memory in bytes that programs can still get.</summary>
    [JsonPropertyName("ram_free")]
    public required long RamFree { get; init; }

    /// <summary>The ComfyUI whose protocol is spoken.</summary>
    [JsonPropertyName("comfyui_version")]
    public required string ComfyUIVersion { get; init; }

    /// <summary>The front end that fits.</summary>
    [JsonPropertyName("required_frontend_version")]
    public required string RequiredFrontendVersion { get; init; }

    /// <summary>The workflow templates that are there.</summary>
    [JsonPropertyName("installed_templates_version")]
    public required string InstalledTemplatesVersion { get; init; }

    /// <summary>The workflow templates that fit.</summary>
    [JsonPropertyName("required_templates_version")]
    public required string RequiredTemplatesVersion { get; init; }

    /// <summary>The language runtime.</summary>
    [JsonPropertyName("python_version")]
    public required string PythonVersion { get; init; }

    /// <summary>The tensor library.</summary>
    [JsonPropertyName("pytorch_version")]
    public required string PytorchVersion { get; init; }

    /// <summary>Always false here.</summary>
    [JsonPropertyName("embedded_python")]
    public required bool EmbeddedPython { get; init; }

    /// <summary>How the program was called; without options, since these may hold secrets.</summary>
    [JsonPropertyName("argv")]
    public required IReadOnlyList<string> Arguments { get; init; }
}
