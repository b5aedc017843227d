using System.Text.Json;

namespace ComfyServe.Api.Engines;

/// <summary>Where an engine keeps its files on its machine, as far as it tells; blank where it does not.</summary>
/// <param name="Output">Folder of outputs.</param>
/// <param name="Input">Folder of inputs.</param>
internal sealed record EngineFolders(string Output, string Input)
{
    /// <summary>Nothing is known.</summary>
    public static EngineFolders Unknown { get; } = new("", "");

    /// <summary>ComfyUI's layout below its folder.</summary>
    public static EngineFolders Below(string root) => new(Join(root, "output"), Join(root, "input"));

    /// <summary>Reads what ComfyUI tells: its base folder holds <c>custom_nodes</c>, and options may place outputs and inputs elsewhere.</summary>
    /// <param name="paths">The answer of <c>/internal/folder_paths</c>.</param>
    /// <param name="stats">The answer of <c>/system_stats</c>.</param>
    public static EngineFolders Read(JsonElement paths, JsonElement stats)
    {
        var nodes = paths.ValueKind == JsonValueKind.Object && paths.TryGetProperty("custom_nodes", out var list) && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0
            && list[0].ValueKind == JsonValueKind.String ? list[0].GetString()! : "";
        var cut = nodes.TrimEnd('/', '\\').LastIndexOfAny(['/', '\\']);
        var usual = cut > 0 ? Below(nodes[..cut]) : Unknown;
        var arguments = stats.ValueKind == JsonValueKind.Object && stats.TryGetProperty("system", out var system) && system.ValueKind == JsonValueKind.Object
            && system.TryGetProperty("argv", out var argv) && argv.ValueKind == JsonValueKind.Array
                ? argv.EnumerateArray().Where(static a => a.ValueKind == JsonValueKind.String).Select(static a => a.GetString()!).ToList()
                : [];
        return new(Option(arguments, "--output-directory") ?? usual.Output, Option(arguments, "--input-directory") ?? usual.Input);
    }

    /// <summary>Path of a file, or blank.</summary>
    /// <param name="type">The engine's folder: <c>output</c> or <c>input</c>.</param>
    /// <param name="subfolder">Folder below it.</param>
    /// <param name="filename">Name.</param>
    public string PathOf(string type, string subfolder, string filename)
    {
        var folder = type switch
        {
            "output" => Output,
            "input" => Input,
            _ => "",
        };
        return folder.Length == 0 ? "" : subfolder.Length == 0 ? Join(folder, filename) : Join(Join(folder, subfolder), filename);
    }

    /// <summary>A relative one is relative to a folder that is not told.</summary>
    private static string? Option(List<string> arguments, string name)
    {
        var at = arguments.FindIndex(a => a == name || a.StartsWith($"{name}=", StringComparison.Ordinal));
        var value = at < 0 ? null : arguments[at] == name ? arguments.ElementAtOrDefault(at + 1) : arguments[at][(name.Length + 1)..];
        return value is null || value.StartsWith('/') || (value.Length > 2 && value[1] == ':') ? value : "";
    }

    private static string Join(string folder, string name) => folder.Contains('\\', StringComparison.Ordinal) ? $"{folder.TrimEnd('\\')}\\{name}" : $"{folder.TrimEnd('/')}/{name}";
}
