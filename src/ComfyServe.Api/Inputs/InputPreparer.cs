using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Owners;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Inputs;

/// <summary>Brings the files of a workflow's inputs into the cache: fetched, or decoded from the request itself.</summary>
internal sealed class InputPreparer(InputCache cache, CatalogueStore catalogues, InputOptions options)
{
    private const int Shown = 10;

    /// <summary>Prepares a workflow. Every input that cannot be had is named in the one exception.</summary>
    /// <param name="workflow">Its JSON.</param>
    /// <param name="owner">Whose it is.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="InputException">Some input was refused or could not be reached.</exception>
    public async Task<PreparedInputs> PrepareAsync(ReadOnlyMemory<byte> workflow, string? owner, CancellationToken cancellationToken)
    {
        var own = OwnerFiles.Of(owner);
        if (own is null && !MayHoldFiles(workflow.Span))
        {
            return new(workflow, [], OwnedNames.None);
        }

        var catalogue = await catalogues.GetAsync(cancellationToken);
        var names = own is null ? OwnedNames.None : OwnedNamesReader.Read(workflow, catalogue, own);
        if (names.Problems.Count > 0)
        {
            throw new InputException(JobErrorCode.InputRefused, string.Join("; ", names.Problems.Take(Shown).Select(p => p.Message)));
        }

        var inputs = FileInputFinder.Find(workflow, catalogue);
        if (inputs.Count == 0)
        {
            return new(workflow, [], names);
        }

        if (inputs.Count > options.MaxCount)
        {
            throw new InputException(JobErrorCode.InputRefused, $"the workflow brings {inputs.Count} files; at most {options.MaxCount} are accepted");
        }

        var outcomes = await Task.WhenAll(inputs.Select(i => TryGetAsync(i, owner, cancellationToken)));
        var files = outcomes.Where(o => o.File is not null).Select(o => (o.Input, o.File!)).ToList();
        var failures = outcomes.Where(o => o.Failure is not null).Select(o => o.Failure!).ToList();
        if (failures.Count == 0 && !cancellationToken.IsCancellationRequested)
        {
            return new(workflow, files, names);
        }

        files.ForEach(f => f.Item2.Dispose());
        cancellationToken.ThrowIfCancellationRequested();
        var code = failures.Exists(f => f.Why.Code == JobErrorCode.InputRefused) ? JobErrorCode.InputRefused : failures[0].Why.Code;
        throw new InputException(code, string.Join("; ", failures.Take(Shown).Select(f => f.Message)), failures[0].Why) { Failures = failures };
    }

    /// <summary>A quick look at the bytes: most workflows bring nothing, and need no catalogue.</summary>
    private static bool MayHoldFiles(ReadOnlySpan<byte> workflow) =>
        workflow.IndexOf("://"u8) >= 0 || workflow.IndexOf("data:"u8) >= 0 || workflow.IndexOf("\\/"u8) >= 0 || workflow.IndexOf("\\u00"u8) >= 0 || HasLongText(workflow);

    /// <summary>Base64 is one long run without a space or a quote.</summary>
    private static bool HasLongText(ReadOnlySpan<byte> workflow)
    {
        const int Run = 64;
        while (workflow.Length > Run)
        {
            var next = workflow.IndexOfAny(" \"\n,."u8);
            if (next < 0 || next >= Run)
            {
                return true;
            }

            workflow = workflow[(next + 1)..];
        }

        return false;
    }

    private async Task<(FileInput Input, InputHold? File, InputFailure? Failure)> TryGetAsync(FileInput input, string? owner, CancellationToken cancellationToken)
    {
        try
        {
            return (input, await GetAsync(input, owner, cancellationToken), null);
        }
        catch (InputException e)
        {
            return (input, null, new(input, e));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return (input, null, null);
        }
    }

    private Task<InputHold> GetAsync(FileInput input, string? owner, CancellationToken cancellationToken) => input.Kind switch
    {
        InputValue.Kind.Url => cache.FetchAsync(input.Value, owner, cancellationToken),
        InputValue.Kind.DataUri => cache.StoreAsync(DecodeUri(input), input.Place, cancellationToken),
        InputValue.Kind.Base64 => cache.StoreAsync(Decode(input.Value.AsSpan().Trim(), input), input.Place, cancellationToken),
        _ => throw new InputException(JobErrorCode.InputRefused, $"{input.Place}: only http and https URLs, data URIs and base64 are accepted, not '{Scheme(input.Value)}://'"),
    };

    private static string Scheme(string value) => value.TrimStart()[..Math.Min(32, value.TrimStart().IndexOf("://", StringComparison.Ordinal))];

    private static byte[] DecodeUri(FileInput input)
    {
        var text = input.Value.AsSpan().Trim();
        var comma = text.IndexOf(',');
        if (comma < 0)
        {
            throw new InputException(JobErrorCode.InputRefused, $"{input.Place}: the data URI has no comma");
        }

        var data = text[(comma + 1)..];
        return text[..comma].EndsWith(";base64", StringComparison.OrdinalIgnoreCase) || Base64Text.Is(data)
            ? Decode(data.Contains('%') ? Uri.UnescapeDataString(data) : data, input)
            : System.Text.Encoding.Latin1.GetBytes(Uri.UnescapeDataString(data));
    }

    private static byte[] Decode(ReadOnlySpan<char> base64, FileInput input) => Base64Text.Decode(base64)
        ?? throw new InputException(JobErrorCode.InputRefused, $"{input.Place}: the base64 is not valid");
}
