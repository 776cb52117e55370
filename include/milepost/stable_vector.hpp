#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace milepost {

/// @cond
namespace detail {

/// Whether the object at an address is a part of an element. Only values hold containers: value.hpp has the
/// specialisations for them.
template <class T>
struct PartOf {
    static bool test(const void* /*object*/, const T& /*element*/) noexcept { return false; }
};

}  // namespace detail
/// @endcond

/// A sequence with the interface of std::vector whose elements stay where they are: references and pointers
/// to an element are valid until that element is removed, whatever is added. Iterators are those of a vector:
/// adding and removing invalidates them. A plain value; each element is allocated by itself.
///
///     milepost::List list{{1, 2}};
///     milepost::Value& first = list.items[0];
///     list.items.push_back(first);                       // safe; `first` is still the first element
///
/// Assignment from a part of itself is safe: the old elements are kept until the next assignment if the
/// source is one of them. An addition that throws changes nothing.
template <class T>
class StableVector {
    using Pointers = std::vector<std::unique_ptr<T>>;

    /// A random access iterator; `Inner` is the iterator over the pointers.
    template <class Element, class Inner>
    class Cursor {
    public:
        /// @cond
        using iterator_category = std::random_access_iterator_tag;
        using value_type = std::remove_const_t<Element>;
        using difference_type = std::ptrdiff_t;
        using pointer = Element*;
        using reference = Element&;

        Cursor() = default;
        explicit Cursor(Inner inner) noexcept : inner_(inner) {}
        template <class Other, class OtherInner>
        requires(std::is_convertible_v<OtherInner, Inner> && !std::is_same_v<Other, Element>)
            Cursor(const Cursor<Other, OtherInner>& other)
        noexcept : inner_(other.inner()) {}

        Element& operator*() const noexcept { return **inner_; }
        Element* operator->() const noexcept { return inner_->get(); }
        Element& operator[](difference_type n) const noexcept { return *inner_[n]; }
        Cursor& operator++() noexcept { return ++inner_, *this; }
        Cursor operator++(int) noexcept { return Cursor(inner_++); }
        Cursor& operator--() noexcept { return --inner_, *this; }
        Cursor operator--(int) noexcept { return Cursor(inner_--); }
        Cursor& operator+=(difference_type n) noexcept { return inner_ += n, *this; }
        Cursor& operator-=(difference_type n) noexcept { return inner_ -= n, *this; }
        friend Cursor operator+(Cursor cursor, difference_type n) noexcept { return cursor += n; }
        friend Cursor operator+(difference_type n, Cursor cursor) noexcept { return cursor += n; }
        friend Cursor operator-(Cursor cursor, difference_type n) noexcept { return cursor -= n; }
        friend difference_type operator-(Cursor a, Cursor b) noexcept { return a.inner_ - b.inner_; }
        friend bool operator==(Cursor a, Cursor b) noexcept { return a.inner_ == b.inner_; }
        friend auto operator<=>(Cursor a, Cursor b) noexcept { return a.inner_ <=> b.inner_; }
        [[nodiscard]] Inner inner() const noexcept { return inner_; }
        /// @endcond

    private:
        Inner inner_ = {};
    };

public:
    /// As those of std::vector.
    ///@{
    using value_type = T;
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using reference = T&;
    using const_reference = const T&;
    using iterator = Cursor<T, typename Pointers::iterator>;
    using const_iterator = Cursor<const T, typename Pointers::const_iterator>;
    ///@}

    /// An empty one, or one with copies of these elements.
    ///@{
    StableVector() noexcept = default;
    StableVector(std::initializer_list<T> elements) : StableVector(elements.begin(), elements.end()) {}
    StableVector(std::vector<T> elements)
        : StableVector(std::make_move_iterator(elements.begin()), std::make_move_iterator(elements.end())) {}
    template <std::input_iterator Iterator>
    StableVector(Iterator first, Iterator last) {
        for (; first != last; ++first)
            emplace_back(*first);
    }
    ///@}

    /// Copies and moves.
    ///@{
    StableVector(const StableVector& other) : StableVector(other.begin(), other.end()) {}
    StableVector(StableVector&& other) noexcept : elements_(std::exchange(other.elements_, {})) {}
    StableVector& operator=(const StableVector& other) {
        if (this != &other) replace(StableVector(other).elements_, other);
        return *this;
    }
    StableVector& operator=(StableVector&& other) noexcept {
        if (this != &other) replace(std::exchange(other.elements_, {}), other);
        return *this;
    }
    ///@}
    ~StableVector() = default;

    /// How many there are.
    ///@{
    [[nodiscard]] std::size_t size() const noexcept { return elements_.size(); }
    [[nodiscard]] bool empty() const noexcept { return elements_.empty(); }
    ///@}

    /// One of them. Requires: position < size(), not empty().
    ///@{
    [[nodiscard]] T& operator[](std::size_t position) noexcept { return *elements_[position]; }
    [[nodiscard]] const T& operator[](std::size_t position) const noexcept { return *elements_[position]; }
    [[nodiscard]] T& front() noexcept { return *elements_.front(); }
    [[nodiscard]] const T& front() const noexcept { return *elements_.front(); }
    [[nodiscard]] T& back() noexcept { return *elements_.back(); }
    [[nodiscard]] const T& back() const noexcept { return *elements_.back(); }
    ///@}

    /// All of them, in order.
    ///@{
    [[nodiscard]] iterator begin() noexcept { return iterator(elements_.begin()); }
    [[nodiscard]] iterator end() noexcept { return iterator(elements_.end()); }
    [[nodiscard]] const_iterator begin() const noexcept { return const_iterator(elements_.begin()); }
    [[nodiscard]] const_iterator end() const noexcept { return const_iterator(elements_.end()); }
    [[nodiscard]] auto rbegin() const noexcept { return std::reverse_iterator<const_iterator>(end()); }
    [[nodiscard]] auto rend() const noexcept { return std::reverse_iterator<const_iterator>(begin()); }
    ///@}

    /// Adds one, at the end or before a position. Any element may be given, also one of this sequence.
    ///@{
    template <class... Arguments>
    T& emplace_back(Arguments&&... arguments) {
        return *elements_.emplace_back(std::make_unique<T>(std::forward<Arguments>(arguments)...));
    }
    void push_back(const T& element) { emplace_back(element); }
    void push_back(T&& element) { emplace_back(std::move(element)); }
    iterator insert(const_iterator before, T element) {
        return iterator(elements_.insert(before.inner(), std::make_unique<T>(std::move(element))));
    }
    ///@}
    /// Makes the sequence as long as this: adds elements made with T(), or removes the last ones.
    void resize(std::size_t size) {
        while (elements_.size() > size)
            elements_.pop_back();
        elements_.reserve(size);
        while (elements_.size() < size)
            emplace_back();
    }
    /// Replaces all of them by copies.
    template <std::input_iterator Iterator>
    void assign(Iterator first, Iterator last) {
        *this = StableVector(first, last);
    }
    /// Removes the one at a position, the last one, all. Requires: there is one.
    ///@{
    iterator erase(const_iterator position) { return iterator(elements_.erase(position.inner())); }
    void pop_back() noexcept { elements_.pop_back(); }
    void clear() noexcept { elements_.clear(); }
    ///@}
    /// Memory for this number of elements' places.
    void reserve(std::size_t size) { elements_.reserve(size); }
    /// Exchanges the elements of two; references stay with the elements.
    friend void swap(StableVector& a, StableVector& b) noexcept { a.elements_.swap(b.elements_); }

private:
    void replace(Pointers elements, const StableVector& source) noexcept {
        elements_.swap(elements);
        const bool is_part = std::any_of(elements.begin(), elements.end(), [&](const auto& old) {
            return detail::PartOf<T>::test(&source, *old);
        });
        // The rest of the object that `source` is a member of has yet to be copied.
        retired_ = is_part ? std::move(elements) : Pointers();
    }

    Pointers elements_;
    Pointers retired_;  // former elements, the source of an assignment among them
};

}  // namespace milepost
