using ComfyServe.Workflows;

namespace ComfyServe.Api.Engines.Catalogue;

/// <summary>
/// Tells which inputs name files. Nodes say so of what their users upload; for the rest the names decide: a text of a node of an extension that is called
/// like a path counts as one, since a path that is overlooked leads to files of others.
/// </summary>
internal static class FileUses
{
    private static readonly HashSet<string> PathWords = new(StringComparer.OrdinalIgnoreCase)
    {
        "path", "paths", "filepath", "file", "files", "filename", "filenames", "folder", "folders", "foldername", "subfolder", "dir", "directory",
    };

    /// <summary>What an input is that a class describes.</summary>
    /// <param name="type">The class.</param>
    /// <param name="isOutput">Whether the class ends a workflow.</param>
    /// <param name="input">The input.</param>
    public static FileUse Of(string type, bool isOutput, InputSpec input)
    {
        if (input.IsFile)
        {
            return FileUse.Load;
        }

        // Of other types, only connections have a value: pictures, models.
        if (input.Type is not ("STRING" or "COMBO" or "" or "*"))
        {
            return FileUse.None;
        }

        var named = OfName(type, isOutput, input.Name);
        return input.Type == "COMBO" && named != FileUse.Load ? FileUse.Choice : named;
    }

    /// <summary>What an input is that is described nowhere.</summary>
    public static FileUse OfUnknown(string type, bool isOutput, string input) => OfName(type, isOutput, input);

    private static FileUse OfName(string type, bool isOutput, string input)
    {
        input = input[(input.LastIndexOf('.') + 1)..]; // of the inputs that a choice brings along: 'format.filename_prefix'
        var words = input.Split('_', '-', ' ');
        if (input.Equals("filename_prefix", StringComparison.OrdinalIgnoreCase) || (isOutput && (input.Equals("prefix", StringComparison.OrdinalIgnoreCase) || words.Any(PathWords.Contains))))
        {
            return FileUse.Save;
        }

        return LoaderInputs.HoldsFile(type, input) || words.Any(PathWords.Contains) ? FileUse.Load : FileUse.None;
    }
}
