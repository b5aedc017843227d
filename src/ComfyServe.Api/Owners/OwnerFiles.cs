using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Jobs;

namespace ComfyServe.Api.Owners;

/// <summary>
/// The files of one owner on engines that know no owners. On the way to an engine his folder goes into every name, and on the way back it comes out of
/// every text, so that he sees what he wrote; what names another owner's folder is refused on the way there and never shown.
/// </summary>
internal sealed class OwnerFiles
{
    private const string Hidden = "o-…";

    /// <summary>Folders of the output folder where engines look for models that workflows saved.</summary>
    private static readonly HashSet<string> ModelFolders = new(StringComparer.Ordinal) { "checkpoints", "clip", "vae", "diffusion_models", "loras" };

    private static readonly string[] Places = ["[output]", "[input]", "[temp]"];

    private OwnerFiles(string folder) => Folder = folder;

    /// <summary>The owner's folder.</summary>
    public string Folder { get; }

    /// <summary>The files of an owner; null where keys are not asked for: then every name is what it is.</summary>
    public static OwnerFiles? Of(string? owner) => OwnerFolder.Of(owner) is { } folder ? new(folder) : null;

    /// <summary>The engine's name of a file to read; null where the name leaves the folder.</summary>
    /// <param name="name">The caller's, perhaps with an ending like <c> [output]</c>.</param>
    public string? Loaded(string name)
    {
        var place = Array.Find(Places, p => name.EndsWith(p, StringComparison.Ordinal));
        if (place is null)
        {
            return RelativeName.Normalize(name) is { } plain && !Array.Exists(Places, p => plain.EndsWith(p, StringComparison.Ordinal)) ? Below(plain) : null;
        }

        // Engines cut the character before the place too, whatever it is.
        var end = Math.Max(0, name.Length - place.Length - 1);
        var cut = name.Length > place.Length ? name[end] : ' ';
        return RelativeName.Normalize(name[..end]) is { } normal ? $"{(place == "[output]" ? InOutput(normal) : Below(normal))}{cut}{place}" : null;
    }

    /// <summary>The engine's name of a place to write to; null where it leaves the folder.</summary>
    public string? Saved(string prefix) => RelativeName.Normalize(prefix) is { } normal ? InOutput(normal.Length == 0 ? "ComfyUI" : normal) : null;

    /// <summary>The engine's name of a choice: the owner's own file, where the engine lists it and nothing of that name for all.</summary>
    public string Chosen(string choice, InputSpec? input)
    {
        var own = $"{Folder}/{choice}";
        return input is { HasOwned: true, Choices: { } choices } && !choices.Contains(choice, StringComparer.Ordinal) && choices.FirstOrDefault(c => c.Length == own.Length && c.StartsWith(Folder, StringComparison.Ordinal) && c.Replace('\\', '/') == own) is { } found
            ? found
            : choice;
    }

    /// <summary>The choices that the owner has: those for all, and his own. Of a folder's files none is for all.</summary>
    public IReadOnlyList<string>? Choices(InputSpec input) => input switch
    {
        { Use: FileUse.Load, Choices: not null } => [],
        { HasOwned: true, Choices: { } choices } => [.. choices.Where(c => !NamesAnother(c)).Select(Told).Where(c => c.Length > 0).Distinct(StringComparer.Ordinal)],
        _ => input.Choices,
    };

    /// <summary>Whether a text names the folder of another owner.</summary>
    public bool NamesAnother(string text) => OwnerNames.Find(text, 0) >= 0 && OwnerNames.All(text).Any(name => name != Folder);

    /// <summary>Whether a file that a run shows may be fetched for the owner: it is his, or lies where no owner's folder is.</summary>
    /// <param name="type">The engine's folder.</param>
    /// <param name="subfolder">The folder below it.</param>
    /// <param name="filename">The name.</param>
    /// <param name="isBare">Whether it was told as a bare text, which may be anything.</param>
    public bool MayFetch(string type, string subfolder, string filename, bool isBare)
    {
        // Engines take a place at the end of a name for the folder, and one of several parts for its last.
        var name = filename[(filename.LastIndexOfAny(['/', '\\']) + 1)..];
        if (name != filename || RelativeName.Normalize(subfolder) is not { } folder || filename.StartsWith("blake3:", StringComparison.Ordinal) || NamesAnother($"{folder}/{name}"))
        {
            return false;
        }

        var parts = folder.Split('/');
        var isOwn = parts[0] == Folder || (type == "output" && parts.Length > 1 && ModelFolders.Contains(parts[0]) && parts[1] == Folder);
        return isOwn || (!isBare && type == "output" && !Array.Exists(Places, p => filename.EndsWith(p, StringComparison.Ordinal)));
    }

    /// <summary>A text of the engine as the owner may see it.</summary>
    public string Told(string text) => OwnerNames.Find(text, 0) < 0 ? text : Without(text, "\\");

    /// <summary>JSON of the engine as the owner may see it. A folder's name needs no escapes: what is right for a text is right for JSON's, but for backslashes.</summary>
    public JsonElement Told(JsonElement json) => json.ValueKind != JsonValueKind.Undefined && json.GetRawText() is var text && OwnerNames.Find(text, 0) >= 0
        ? JsonElement.Parse(Without(text, "\\\\"))
        : json;

    private string Without(string text, string backslash)
    {
        foreach (var form in (string[])[$"{Folder}/", $"{Folder}{backslash}", $"/{Folder}", $"{backslash}{Folder}", Folder])
        {
            text = text.Replace(form, "", StringComparison.Ordinal);
        }

        return OwnerNames.Hide(text, Hidden);
    }

    private string InOutput(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && ModelFolders.Contains(name[..slash]) ? $"{name[..slash]}/{Folder}{name[slash..]}" : Below(name);
    }

    private string Below(string name) => name.Length == 0 ? Folder : $"{Folder}/{name}";
}
