namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>What is wrong with a checkpoint, where callers tell it apart.</summary>
public enum CheckpointFault
{
    /// <summary>The message says what.</summary>
    Other,

    /// <summary>The file announces a header longer than any safetensors file may have: most likely it is none.</summary>
    HeaderTooLarge,

    /// <summary>The file has fewer or more bytes than its header names.</summary>
    WrongLength,
}
