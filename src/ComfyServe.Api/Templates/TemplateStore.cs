using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Templates;

/// <summary>The workflow templates: those that come with the service, and JSON files of a folder, which is looked at again when a file changed.</summary>
internal sealed partial class TemplateStore
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly ILogger<TemplateStore> _logger;
    private readonly Lock _gate = new(); // guards writes to the fields below
    private ImmutableSortedDictionary<string, WorkflowTemplate> _templates;
    private string _fingerprint = "";
    private long _lookedAt;

    public TemplateStore(string folder, TimeProvider time, ILogger<TemplateStore> logger)
    {
        _folder = folder;
        _time = time;
        _logger = logger;
        _templates = BuiltIn();
        Look();
    }

    /// <summary>All templates by name.</summary>
    public ImmutableSortedDictionary<string, WorkflowTemplate> All
    {
        get
        {
            if (_time.GetElapsedTime(Volatile.Read(ref _lookedAt)) >= LookEvery)
            {
                Look();
            }

            return _templates;
        }
    }

    private static ImmutableSortedDictionary<string, WorkflowTemplate> BuiltIn()
    {
        var templates = ImmutableSortedDictionary.CreateBuilder<string, WorkflowTemplate>(StringComparer.Ordinal);
        foreach (var name in (ReadOnlySpan<string>)["Image2Image", "Text2Image"])
        {
            using var file = typeof(TemplateStore).Assembly.GetManifestResourceStream($"template/{name}")!;
            using var bytes = new MemoryStream();
            file.CopyTo(bytes);
            templates.Add(name, WorkflowTemplate.Read(name, bytes.ToArray()));
        }

        return templates.ToImmutable();
    }

    private void Look()
    {
        lock (_gate)
        {
            Volatile.Write(ref _lookedAt, _time.GetTimestamp());
            var files = Directory.Exists(_folder) ? new DirectoryInfo(_folder).GetFiles("*.json").OrderBy(f => f.Name, StringComparer.Ordinal).ToList() : [];
            var fingerprint = string.Join('|', files.Select(f => $"{f.Name}:{f.Length}:{f.LastWriteTimeUtc.Ticks}"));
            if (fingerprint == _fingerprint)
            {
                return;
            }

            _fingerprint = fingerprint;
            var templates = BuiltIn().ToBuilder();
            foreach (var file in files)
            {
                Load(file, templates);
            }

            _templates = templates.ToImmutable();
        }
    }

    private void Load(FileInfo file, ImmutableSortedDictionary<string, WorkflowTemplate>.Builder templates)
    {
        try
        {
            var template = WorkflowTemplate.Read(Path.GetFileNameWithoutExtension(file.Name), File.ReadAllBytes(file.FullName));
            templates[template.Name] = template;
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            // The others go on working; a file that is being written is read again when it changed.
            Log.Unusable(_logger, file.Name, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2400, LogLevel.Warning, "Template file '{File}' cannot be used: {Reason}")]
        public static partial void Unusable(ILogger logger, string file, string reason);
    }
}
