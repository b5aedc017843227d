using ComfyServe.Hosting.Outbound;
using LibGit2Sharp;

namespace ComfyServe.Provisioning.Git;

/// <summary>A working copy of a repository at a commit. Needs no <c>git</c> program.</summary>
/// <param name="url">https URL, or a path on this machine.</param>
/// <param name="folder">Absolute path of the working copy.</param>
public sealed class GitCheckout(string url, string folder)
{
    /// <summary>Check its submodules out too.</summary>
    public bool Submodules { get; init; }

    /// <summary>Throw changes of the working copy away instead of refusing.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Where the folder holds something else, such as a clone of another repository, move that aside and clone anew, instead of refusing.</summary>
    public bool KeepOtherAside { get; init; }

    /// <summary>Where what the folder held was moved to; null where it stayed.</summary>
    public string? MovedTo { get; private set; }

    /// <summary>The commit that a folder is at; null where it is no working copy.</summary>
    public static string? Head(string folder)
    {
        if (!Repository.IsValid(folder))
        {
            return null;
        }

        using var repository = new Repository(folder);
        return repository.Head.Tip?.Sha;
    }

    /// <summary>Brings the folder to a commit, a tag or a branch; null is the server's own branch.</summary>
    /// <returns>The commit.</returns>
    /// <exception cref="GitException">It is not possible; the folder is as it was.</exception>
    public async Task<string> MoveToAsync(string? reference, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        // libgit2 blocks and asks for cancellation only while bytes come: a silent server is left to itself.
        using var patience = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await Task.Run(() => Directory.Exists(folder) && !(KeepOtherAside && IsOther()) ? Update(reference, both.Token) : Clone(reference, both.Token), both.Token)
                .WaitAsync(both.Token);
        }
        catch (Exception exception) when (exception is UserCancelledException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new GitException($"'{ShownUrl.Of(url)}' was not there after {timeout.TotalSeconds:0} s");
        }
        catch (LibGit2SharpException exception)
        {
            throw new GitException($"'{ShownUrl.Of(url)}': {exception.Message}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new GitException($"'{folder}' cannot be written: {exception.Message}");
        }
    }

    /// <summary>Clones beside the folder and moves the finished clone to its place.</summary>
    private string Clone(string? reference, CancellationToken cancellationToken)
    {
        var parent = Path.GetDirectoryName(folder)!;
        Directory.CreateDirectory(parent);
        var draft = Path.Combine(parent, $".{Path.GetFileName(folder)}.clone");
        Remove(draft);
        try
        {
            var options = new CloneOptions { Checkout = false };
            options.FetchOptions.OnTransferProgress = _ => !cancellationToken.IsCancellationRequested;
            Repository.Clone(url, draft, options);
            string commit;
            using (var repository = new Repository(draft))
            {
                commit = Checkout(repository, reference);
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (Directory.Exists(folder))
            {
                MovedTo = FreeName();
                Directory.Move(folder, MovedTo);
            }

            Directory.Move(draft, folder);
            return commit;
        }
        finally
        {
            Remove(draft);
        }
    }

    private string FreeName() => Enumerable.Range(1, int.MaxValue).Select(n => $"{folder}.old-{n}").First(static f => !Path.Exists(f));

    private bool IsOther()
    {
        if (!Repository.IsValid(folder))
        {
            return true;
        }

        using var repository = new Repository(folder);
        return repository.Network.Remotes["origin"]?.Url != url;
    }

    private string Update(string? reference, CancellationToken cancellationToken)
    {
        if (!Repository.IsValid(folder))
        {
            throw new GitException($"'{folder}' is there and no git repository; move it away");
        }

        using var repository = new Repository(folder);
        var origin = repository.Network.Remotes["origin"];
        if (origin?.Url != url)
        {
            throw new GitException($"'{folder}' is a clone of '{ShownUrl.Of(origin?.Url ?? "nothing")}' and not of '{ShownUrl.Of(url)}'; move it away");
        }

        if (!Overwrite && repository.Head.Tip is { } tip && repository.Diff.Compare<TreeChanges>(tip.Tree, DiffTargets.Index | DiffTargets.WorkingDirectory).Count > 0)
        {
            throw new GitException($"'{folder}' holds changes that are not committed; commit them, or run with --force to lose them");
        }

        var fetch = new FetchOptions { OnTransferProgress = _ => !cancellationToken.IsCancellationRequested, TagFetchMode = TagFetchMode.All };
        Commands.Fetch(repository, "origin", origin.FetchRefSpecs.Select(r => r.Specification), fetch, null);
        return Checkout(repository, reference);
    }

    private string Checkout(Repository repository, string? reference)
    {
        var commit = Find(repository, reference)
            ?? throw new GitException($"'{ShownUrl.Of(url)}' has no commit, tag or branch '{reference}'; 'git ls-remote' shows what it has");
        Commands.Checkout(repository, commit, new CheckoutOptions { CheckoutModifiers = CheckoutModifiers.Force });
        if (Submodules)
        {
            foreach (var submodule in repository.Submodules)
            {
                repository.Submodules.Update(submodule.Name, new SubmoduleUpdateOptions { Init = true });
            }
        }

        return commit.Sha;
    }

    private static Commit? Find(Repository repository, string? reference)
    {
        if (reference is null)
        {
            return repository.Refs["refs/remotes/origin/HEAD"]?.ResolveToDirectReference()?.Target.Peel<Commit>() ?? repository.Head.Tip;
        }

        var named = repository.Refs[$"refs/remotes/origin/{reference}"] ?? repository.Refs[$"refs/tags/{reference}"];
        if (named is not null)
        {
            return named.ResolveToDirectReference().Target.Peel<Commit>();
        }

        return reference.Length is >= 7 and <= 40 && reference.All(char.IsAsciiHexDigit) ? repository.Lookup<Commit>(reference) : null;
    }

    /// <summary>git writes its objects read-only, which only matters to who is not root.</summary>
    private static void Remove(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }
}
