using System.ComponentModel.DataAnnotations;
using System.Reflection;
using ComfyServe.Engine.Previews;

namespace ComfyServe.Engine;

/// <summary>How an engine runs.</summary>
public sealed class EngineOptions
{
    /// <summary>Address to listen on. Default 127.0.0.1: this machine only.</summary>
    [Required]
    public string Host { get; set; } = "127.0.0.1";

    /// <summary>Port to listen on, 0 for any free one. Default 18188.</summary>
    [Range(0, 65535)]
    public int Port { get; set; } = 18188;

    /// <summary>Folder with <c>models/ input/ output/ temp/ user/ custom_nodes/</c>, laid out as ComfyUI's. Made if missing;
    /// <c>temp/</c> is emptied at start. Default <c>data</c> in the working folder.</summary>
    [Required]
    public string DataFolder { get; set; } = "data";

    /// <summary>More folders laid out as <c>models/</c> is, searched after it.</summary>
    public IReadOnlyList<string> ExtraModelFolders { get; set; } = [];

    /// <summary>How latents are shown while sampling. Default: not at all, as ComfyUI's.</summary>
    public PreviewMethod Previews { get; set; } = PreviewMethod.None;

    /// <summary>Compute in 32-bit floating point: slower, and comparable with other machines. Default false: the fastest
    /// format that this machine computes correctly.</summary>
    public bool Fp32 { get; set; }

    /// <summary>The origin whose pages may call the engine, or <c>*</c>. Default null: only pages of the engine's own origin.</summary>
    public string? AllowedOrigin { get; set; }

    /// <summary>Names under which the engine answers besides those of this machine, without port; <c>*.example.org</c> and <c>*</c> stand for many.
    /// Default none.</summary>
    public IReadOnlyList<string> ServedHosts { get; set; } = [];

    /// <summary>Longest body in bytes; longer ones get 413. Default 100 MiB.</summary>
    [Range(1L << 20, 1L << 40)]
    public long MaxUploadBytes { get; set; } = 100L << 20;

    /// <summary>Most prompts that may wait; more get 503. Default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxQueuedPrompts { get; set; } = 10_000;

    /// <summary>Most bytes of JSON of the prompts that wait, of which one may always wait; more get 503. Default 128 MiB: in memory a
    /// prompt takes several times its text.</summary>
    [Range(1L << 20, 1L << 40)]
    public long MaxQueuedBytes { get; set; } = 128L << 20;

    /// <summary>Most results of nodes to keep over several prompts, least recently used ones go first; 0 keeps none, which needs the
    /// least memory. Default null: all results of the newest prompt, as ComfyUI's.</summary>
    [Range(0, int.MaxValue)]
    public int? KeptResults { get; set; }

    /// <summary>What one run may take.</summary>
    public RunLimits Limits { get; set; } = new();

    /// <summary>Ends the process with a reason where a run cannot be ended (<see cref="RunLimits.Stuck"/>). Default: an abort that
    /// writes the reason to standard error.</summary>
    public Action<string> GiveUp { get; set; } = Environment.FailFast;

    /// <summary>Node packs that are loaded already; those in <c>custom_nodes/</c> come after them.</summary>
    public IReadOnlyList<Assembly> NodePacks { get; set; } = [];

    /// <summary>Folder of a web front end to serve at <c>/</c>. Default null: none.</summary>
    public string? WebRoot { get; set; }
}
