namespace ComfyServe.Contracts.Api;

/// <summary>One file that a node of the workflow produced.</summary>
public sealed record OutputFile
{
    /// <summary>Name that the node gave it.</summary>
    public required string Filename { get; init; }

    /// <summary>Path of the copy in the service's own store; where there is none, of the engine's file on its machine, as far as that is known.</summary>
    public string LocalPath { get; init; } = "";

    /// <summary>The engine's folder: <c>output</c> or <c>input</c>, and <c>temp</c> for previews on request.</summary>
    public string Type { get; init; } = "output";

    /// <summary>Subfolder that the node reported.</summary>
    public string Subfolder { get; init; } = "";

    /// <summary>Id of the node.</summary>
    public required string NodeId { get; init; }

    /// <summary>The engine's kind of output: <c>images</c>, <c>gifs</c>, <c>audio</c>, …</summary>
    public required string OutputType { get; init; }

    /// <summary>Pre-signed URL to fetch the file with a plain GET.</summary>
    public string? Url { get; init; }

    /// <summary>Why the file's store did not take it; the job is completed all the same, and <see cref="Url"/> leads to a copy in the service's own store.</summary>
    public string? UploadError { get; init; }

    /// <summary>The bytes in base64, on request and within the limit.</summary>
    public string? Data { get; init; }

    /// <summary>Media type, found from the bytes.</summary>
    public string? Mimetype { get; init; }

    /// <summary>Why there is no <see cref="Data"/>.</summary>
    public string? Error { get; init; }

    /// <summary>Class of the node.</summary>
    public string? NodeType { get; init; }

    /// <summary>Title of the node, where the workflow has one.</summary>
    public string? NodeTitle { get; init; }

    /// <summary>Size in bytes.</summary>
    public long? Size { get; init; }

    /// <summary>SHA-256 of the bytes, in hexadecimal.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Key in the object store; a fresh URL can be signed for it as long as the result is kept.</summary>
    public string? Key { get; init; }
}
