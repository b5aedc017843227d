using System.Text.Json;

namespace ComfyServe.Api.Engines.Catalogue;

/// <summary>One input of a class of nodes.</summary>
internal sealed record InputSpec
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>INT, FLOAT, STRING, BOOLEAN, COMBO, or the type of a connection; blank when the form is not known.</summary>
    public string Type { get; init; } = "";

    /// <summary>Whether a node must have it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>The values of a COMBO; null where the engine does not list them.</summary>
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>Least value.</summary>
    public decimal? Min { get; init; }

    /// <summary>Greatest value.</summary>
    public decimal? Max { get; init; }

    /// <summary>Whether its value names a file that users upload.</summary>
    public bool IsFile { get; init; }

    /// <summary>What it has to do with the engine's files.</summary>
    public FileUse Use { get; init; }

    /// <summary>Whether its choices hold files of owners.</summary>
    public bool HasOwned { get; init; }

    /// <summary>Whether a file is looked for elsewhere than in the engine's input folder, unless the value says so.</summary>
    public bool NeedsFolder { get; init; }

    /// <summary>Whether it takes several values.</summary>
    public bool IsMany { get; init; }

    /// <summary>Whether it only takes connections, although its type has a widget.</summary>
    public bool IsSocket { get; init; }

    /// <summary>Whether the editor keeps next to it what happens to the number after a run.</summary>
    public bool HasControl { get; init; }

    /// <summary>Whether the editor makes the choices (<c>{a|b}</c>) in its text before it queues a workflow.</summary>
    public bool HasChoices { get; init; }

    /// <summary>What holds without a value; undefined where nothing does.</summary>
    public JsonElement Default { get; init; }

    /// <summary>Whether the editor shows a widget for it.</summary>
    public bool IsWidget => !IsSocket && HasWidgetType;

    /// <summary>Whether its type has a widget, be it shown or not.</summary>
    public bool HasWidgetType => Type is "INT" or "FLOAT" or "STRING" or "BOOLEAN" or "COMBO";

    /// <summary>Whether the editor shows a button for it, whose value no engine sees.</summary>
    public bool IsButton => Type is "IMAGEUPLOAD" or "AUDIOUPLOAD" or "VIDEOUPLOAD" or "AUDIO_UI";

    /// <summary>Reads one input: <c>[type or choices, options]</c>.</summary>
    public static InputSpec Read(string name, JsonElement spec, bool required)
    {
        var read = new InputSpec { Name = name, IsRequired = required };
        if (spec.ValueKind != JsonValueKind.Array || spec.GetArrayLength() == 0)
        {
            return read;
        }

        var type = spec[0];
        var options = spec.GetArrayLength() > 1 && spec[1].ValueKind == JsonValueKind.Object ? spec[1] : default;
        read = type.ValueKind switch
        {
            JsonValueKind.Array => read with { Type = "COMBO", Choices = Texts(type) },
            JsonValueKind.String => read with { Type = type.GetString()! },
            _ => read,
        };
        read = read with { HasControl = read.Type == "INT" && name is "seed" or "noise_seed" };
        return options.ValueKind == JsonValueKind.Object ? read.With(options) : read;
    }

    private InputSpec With(JsonElement options)
    {
        var isFile = options.EnumerateObject().Any(o => o.Name.EndsWith("_upload", StringComparison.Ordinal) && o.Value.ValueKind == JsonValueKind.True);
        return this with
        {
            Choices = Choices ?? (options.TryGetProperty("options", out var choices) && choices.ValueKind == JsonValueKind.Array ? Texts(choices) : null),
            Min = Number(options, "min"),
            Max = Number(options, "max"),
            IsFile = isFile || ListsFiles(options),
            NeedsFolder = options.TryGetProperty("image_folder", out var folder) && folder.ValueKind == JsonValueKind.String && !folder.ValueEquals("input"u8),
            IsSocket = IsTrue(options, "forceInput"),
            HasControl = HasControl || IsSet(options, "control_after_generate"),
            HasChoices = IsTrue(options, "dynamicPrompts"),
            Default = options.TryGetProperty("default", out var value) ? value.Clone() : default,
            IsMany = options.TryGetProperty("multiselect", out var many) && many.ValueKind == JsonValueKind.True,
        };
    }

    /// <summary>Whether the editor asks the engine for the files of a folder.</summary>
    private static bool ListsFiles(JsonElement options) =>
        options.TryGetProperty("vhs_path_extensions", out _)
        || (options.TryGetProperty("remote", out var remote) && remote.ValueKind == JsonValueKind.Object && remote.TryGetProperty("route", out var route)
            && route.ValueKind == JsonValueKind.String && route.GetString()!.Contains("/internal/files/", StringComparison.Ordinal));

    private static bool IsTrue(JsonElement options, string name) => options.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    /// <summary>An option that holds true, or the word that it begins with.</summary>
    private static bool IsSet(JsonElement options, string name) =>
        options.TryGetProperty(name, out var value) && (value.ValueKind == JsonValueKind.True || (value.ValueKind == JsonValueKind.String && !value.ValueEquals(""u8)));

    private static decimal? Number(JsonElement options, string name) =>
        options.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) ? number : null;

    private static List<string>? Texts(JsonElement values)
    {
        var texts = new List<string>(values.GetArrayLength());
        foreach (var value in values.EnumerateArray())
        {
            if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
            {
                return null; // Not a plain list of choices.
            }

            texts.Add(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText());
        }

        return texts;
    }
}
