using System.Collections.Concurrent;
using ComfyServe.Api.Engines;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Inputs;

/// <summary>Hands files to an engine, each version once as long as the engine keeps it, and knows their names there.</summary>
internal sealed class InputStager
{
    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<(string Engine, int Connections, string Folder, string File), string> _names = new();

    /// <summary>The workflow with names that <paramref name="engine"/> knows.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="inputs">The workflow and its files.</param>
    /// <param name="afresh">Whether files must be handed over again: the engine did not find them.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="EngineUnreachableException">The engine went away.</exception>
    /// <exception cref="InputException">The engine refused a file.</exception>
    public async Task<ReadOnlyMemory<byte>> StageAsync(Engine engine, PreparedInputs inputs, bool afresh, CancellationToken cancellationToken)
    {
        if (_names.Count > MaxKnown)
        {
            _names.Clear();
        }

        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in inputs.Files)
        {
            var key = (engine.BaseUrl, engine.Socket.Connections, inputs.Folder, file.File.FileName);
            if (afresh || !_names.TryGetValue(key, out var name))
            {
                name = await HandOverAsync(engine, file, inputs.Folder, cancellationToken);
                _names[key] = name;
            }

            names[file.File.FileName] = name;
        }

        return inputs.Workflow(f => names[f.FileName]);
    }

    private static async Task<string> HandOverAsync(Engine engine, InputHold file, string folder, CancellationToken cancellationToken)
    {
        await using var bytes = new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous);

        // Without "overwrite" the engine keeps a file of the same name and other bytes, and tells the name that it chose.
        return await engine.Client.UploadAsync(file.File.Name, folder, bytes, cancellationToken)
            ?? throw new InputException(JobErrorCode.InputRefused, $"engine '{engine.Name}' refused an input of {file.File.Size} bytes; it may be larger than the engine's upload limit");
    }
}
