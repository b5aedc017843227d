using LibGit2Sharp;

namespace ComfyServe.Testing;

/// <summary>Git repositories for tests, of an author and a time that are always the same.</summary>
public static class Repositories
{
    /// <summary>Writes files and commits them; makes the repository where there is none.</summary>
    /// <returns>The commit's id.</returns>
    public static string Commit(string folder, string message, params (string Path, string Content)[] files)
    {
        Repository.Init(folder);
        using var repository = new Repository(folder);
        foreach (var (path, content) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, path))!);
            File.WriteAllText(Path.Combine(folder, path), content);
            Commands.Stage(repository, path);
        }

        var author = new Signature("Somebody", "somebody@example.org", DateTimeOffset.UnixEpoch);
        return repository.Commit(message, author, author).Sha;
    }
}
