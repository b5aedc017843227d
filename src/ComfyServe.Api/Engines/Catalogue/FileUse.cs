namespace ComfyServe.Api.Engines.Catalogue;

/// <summary>What an input of a node has to do with the engine's files.</summary>
internal enum FileUse
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It names a file, or a folder, to read: below the engine's input folder unless it says otherwise.</summary>
    Load,

    /// <summary>It says where below the output folder the node writes.</summary>
    Save,

    /// <summary>It is one of a list, which may hold files of the output folder: models that a workflow saved.</summary>
    Choice,
}
