using System.Reflection;
using System.Runtime.Loader;

namespace ComfyServe.Engine.Nodes.Packs;

/// <summary>
/// Where a node pack's assemblies live: apart from ours and from other packs', so that two packs can bring two versions of a
/// library. What the engine has itself is shared, else a pack's image would not be our image.
/// </summary>
internal sealed class NodePackContext : AssemblyLoadContext
{
    private readonly AssemblyDependencyResolver _dependencies;

    private NodePackContext(string path)
        : base(Path.GetFileNameWithoutExtension(path)) => _dependencies = new AssemblyDependencyResolver(path);

    /// <summary>Loads the assembly of a pack.</summary>
    /// <param name="path">Its file.</param>
    /// <exception cref="BadImageFormatException">It is no .NET assembly.</exception>
    public static Assembly Load(string path) => new NodePackContext(path).LoadFromAssemblyPath(path);

    /// <summary>The packs in a folder: <c>NAME.dll</c>, or <c>NAME/NAME.dll</c> with what it needs beside it.</summary>
    public static IReadOnlyList<string> Find(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        var inFolders = Directory.EnumerateDirectories(folder).Select(d => Path.Combine(d, Path.GetFileName(d) + ".dll")).Where(File.Exists);
        return [.. Directory.EnumerateFiles(folder, "*.dll").Concat(inFolders).Order(StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        try
        {
            return Default.LoadFromAssemblyName(assemblyName);
        }
        catch (Exception exception) when (exception is FileNotFoundException or FileLoadException)
        {
            return _dependencies.ResolveAssemblyToPath(assemblyName) is { } own ? LoadFromAssemblyPath(own) : null;
        }
    }

    /// <inheritdoc/>
    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _dependencies.ResolveUnmanagedDllToPath(unmanagedDllName) is { } own ? LoadUnmanagedDllFromPath(own) : 0;
}
