namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>Makes a method a node: its name, where the editor lists it, and what is special about it.</summary>
/// <remarks>
/// The method's parameters are the inputs, its return type the outputs. See <c>docs/guides/add-a-node.md</c>.
/// </remarks>
/// <param name="name">The <c>class_type</c> that workflows use, for example <c>ImageScale</c>.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NodeAttribute(string name) : Attribute
{
    /// <summary>The <c>class_type</c> that workflows use.</summary>
    public string Name { get; } = name;

    /// <summary>The title in the editor. Absent: the name (or <c>null</c> in a <see cref="NodeSchema.V3"/> entry).</summary>
    public string? Display { get; init; }

    /// <summary>The menu path, for example <c>image/upscaling</c>.</summary>
    public string Category { get; init; } = "sd";

    /// <summary>One sentence for the editor.</summary>
    public string Description { get; init; } = "";

    /// <summary>The module that ComfyUI lists for the node; absent: that of the <see cref="NodeFamilyAttribute"/>.</summary>
    public string? Module { get; init; }

    /// <summary>The form of the <c>/object_info</c> entry; absent: that of the <see cref="NodeFamilyAttribute"/>.</summary>
    public NodeSchema Schema { get; init; }

    /// <summary>The node has a result outside of the graph (a saved file, a preview): a workflow runs for it.</summary>
    public bool IsOutput { get; init; }

    /// <summary>Kept for old workflows only.</summary>
    public bool Deprecated { get; init; }

    /// <summary>May still change.</summary>
    public bool Experimental { get; init; }

    /// <summary>Two equal nodes of one workflow must not share one result.</summary>
    public bool NotIdempotent { get; init; }

    /// <summary>
    /// Lists arrive whole: every input parameter is an <see cref="IReadOnlyList{T}"/>. Otherwise the method is called
    /// once for each element.
    /// </summary>
    public bool InputIsList { get; init; }

    /// <summary>
    /// Name of a method of the same class that checks literal inputs before the prompt is queued. Its parameters are
    /// inputs by name (nullable: a linked input arrives as null); it returns null when all is well, else the reason.
    /// </summary>
    public string? Validate { get; init; }

    /// <summary>
    /// Name of a method of the same class that names the state outside of the workflow that the result depends on,
    /// such as the hash of a file. Its parameters are inputs by name; another value means another result, and
    /// <see cref="double.NaN"/> means that the node always runs.
    /// </summary>
    public string? IsChanged { get; init; }

    /// <summary>
    /// Name of a method of the same class that says which lazy inputs are needed. Its parameters are inputs by name
    /// (null: not there yet); it returns the names.
    /// </summary>
    public string? Needs { get; init; }

    /// <summary>
    /// Name of a method that says about how many bytes of memory a call takes, results and intermediate values, before it
    /// is made. Its parameters are inputs by name; it returns a <see cref="long"/>. Absent: <see cref="MemoryFactor"/> times
    /// the bytes of the tensors that go in.
    /// </summary>
    public string? Memory { get; init; }

    /// <summary>The class of that method; absent: the node's own.</summary>
    public Type? MemorySource { get; init; }

    /// <summary>How many times the bytes of the tensors that go in a call takes, results and intermediate values. Default 4.</summary>
    public int MemoryFactor { get; init; } = 4;
}
